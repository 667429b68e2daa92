//! The commands that the store uses outside scripts, by their names in Redis (<https://redis.io/docs/latest/commands/>). Each is
//! about one key, which decides the node that it goes to.

use std::time::Duration;

use fred::types::streams::XReadValue;
use fred::types::{FromValue, Value};

use crate::clock;
use crate::store::connection::redis::Redis;
use crate::store::connection::redis_command::RedisCommand;
use crate::store::error::StoreError;

impl Redis {
    async fn run<R: FromValue>(
        &self,
        name: &'static str,
        key: impl Into<String>,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Result<R, StoreError> {
        let answer = self
            .send(RedisCommand::new(name, key.into(), arguments))
            .await?;
        Ok(answer.convert()?)
    }

    /// The answers to many commands, in their order.
    ///
    /// # Errors
    /// The first error among them.
    pub(crate) async fn answers<R: FromValue>(
        &self,
        commands: Vec<RedisCommand>,
    ) -> Result<Vec<R>, StoreError> {
        let answers = self.send_all(commands).await.into_iter();
        answers.map(|answer| Ok(answer?.convert()?)).collect()
    }

    pub(crate) async fn get<R: FromValue>(&self, key: impl Into<String>) -> Result<R, StoreError> {
        self.run("GET", key, []).await
    }

    pub(crate) async fn set(
        &self,
        key: impl Into<String>,
        value: impl Into<Value>,
    ) -> Result<(), StoreError> {
        self.run("SET", key, [value.into()]).await
    }

    /// Sets a key that expires; with `only_if` `NX` or `XX`, only if it is not there, or is there.
    pub(crate) async fn set_for(
        &self,
        key: impl Into<String>,
        value: impl Into<Value>,
        expires_after: Duration,
        only_if: Option<&'static str>,
    ) -> Result<(), StoreError> {
        // Redis refuses an expiry of 0.
        let expiry = clock::millis(expires_after).max(1);
        let arguments = [value.into(), "PX".into(), expiry.into()];
        let only_if = only_if.map(Value::from);
        let set: Option<String> = self
            .run("SET", key, arguments.into_iter().chain(only_if))
            .await?;
        drop(set);
        Ok(())
    }

    /// How many of these were deleted.
    pub(crate) async fn del(&self, key: impl Into<String>) -> Result<i64, StoreError> {
        self.run("DEL", key, []).await
    }

    pub(crate) async fn exists(&self, key: impl Into<String>) -> Result<bool, StoreError> {
        self.run("EXISTS", key, []).await
    }

    pub(crate) async fn expire(
        &self,
        key: impl Into<String>,
        after: Duration,
    ) -> Result<(), StoreError> {
        let _: i64 = self
            .run("PEXPIRE", key, [clock::millis(after).into()])
            .await?;
        Ok(())
    }

    /// How many subscribers got it. On a Cluster: of those of one node.
    pub(crate) async fn publish(
        &self,
        channel: impl Into<String>,
        message: &str,
    ) -> Result<usize, StoreError> {
        self.run("PUBLISH", channel, [message.into()]).await
    }

    pub(crate) async fn hget<R: FromValue>(
        &self,
        key: impl Into<String>,
        field: &str,
    ) -> Result<R, StoreError> {
        self.run("HGET", key, [field.into()]).await
    }

    pub(crate) async fn hmget<R: FromValue>(
        &self,
        key: impl Into<String>,
        fields: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<R, StoreError> {
        self.run("HMGET", key, texts(fields)).await
    }

    pub(crate) async fn hgetall<R: FromValue>(
        &self,
        key: impl Into<String>,
    ) -> Result<R, StoreError> {
        self.run("HGETALL", key, []).await
    }

    /// Some fields of a hash with their values, at most `count`: which ones is up to Redis.
    pub(crate) async fn some_fields<R: FromValue>(
        &self,
        key: impl Into<String>,
        count: u32,
    ) -> Result<R, StoreError> {
        self.run("HRANDFIELD", key, [count.into(), "WITHVALUES".into()])
            .await
    }

    /// About `count` fields of a hash with their values, and where to continue; `0` begins, and ends.
    pub(crate) async fn hscan(
        &self,
        key: impl Into<String>,
        cursor: String,
        count: u32,
    ) -> Result<(String, Vec<(String, String)>), StoreError> {
        let arguments = [cursor.into(), "COUNT".into(), count.into()];
        self.run("HSCAN", key, arguments).await
    }

    pub(crate) async fn hkeys<R: FromValue>(
        &self,
        key: impl Into<String>,
    ) -> Result<R, StoreError> {
        self.run("HKEYS", key, []).await
    }

    pub(crate) async fn hvals<R: FromValue>(
        &self,
        key: impl Into<String>,
    ) -> Result<R, StoreError> {
        self.run("HVALS", key, []).await
    }

    pub(crate) async fn hlen(&self, key: impl Into<String>) -> Result<u64, StoreError> {
        self.run("HLEN", key, []).await
    }

    pub(crate) async fn hexists(
        &self,
        key: impl Into<String>,
        field: &str,
    ) -> Result<bool, StoreError> {
        self.run("HEXISTS", key, [field.into()]).await
    }

    pub(crate) async fn hset(
        &self,
        key: impl Into<String>,
        (field, value): (&str, impl Into<Value>),
    ) -> Result<(), StoreError> {
        let _: i64 = self.run("HSET", key, [field.into(), value.into()]).await?;
        Ok(())
    }

    /// How many fields were deleted.
    pub(crate) async fn hdel(
        &self,
        key: impl Into<String>,
        fields: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<u64, StoreError> {
        self.run("HDEL", key, texts(fields)).await
    }

    pub(crate) async fn hincrby(
        &self,
        key: impl Into<String>,
        field: &str,
        by: i64,
    ) -> Result<i64, StoreError> {
        self.run("HINCRBY", key, [field.into(), by.into()]).await
    }

    pub(crate) async fn lindex<R: FromValue>(
        &self,
        key: impl Into<String>,
        place: i64,
    ) -> Result<R, StoreError> {
        self.run("LINDEX", key, [place.into()]).await
    }

    /// All elements of a list.
    pub(crate) async fn lrange(&self, key: impl Into<String>) -> Result<Vec<String>, StoreError> {
        self.run("LRANGE", key, [0.into(), (-1).into()]).await
    }

    pub(crate) async fn smembers<R: FromValue>(
        &self,
        key: impl Into<String>,
    ) -> Result<R, StoreError> {
        self.run("SMEMBERS", key, []).await
    }

    /// Some members of a set, at most `count`: which ones is up to Redis.
    pub(crate) async fn some_members<R: FromValue>(
        &self,
        key: impl Into<String>,
        count: u32,
    ) -> Result<R, StoreError> {
        self.run("SRANDMEMBER", key, [count.into()]).await
    }

    pub(crate) async fn srem(
        &self,
        key: impl Into<String>,
        member: &str,
    ) -> Result<i64, StoreError> {
        self.run("SREM", key, [member.into()]).await
    }

    pub(crate) async fn zadd(
        &self,
        key: impl Into<String>,
        (score, member): (f64, &str),
    ) -> Result<(), StoreError> {
        let _: i64 = self.run("ZADD", key, [score.into(), member.into()]).await?;
        Ok(())
    }

    pub(crate) async fn zrem(
        &self,
        key: impl Into<String>,
        members: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<u64, StoreError> {
        self.run("ZREM", key, texts(members)).await
    }

    pub(crate) async fn zcard(&self, key: impl Into<String>) -> Result<u64, StoreError> {
        self.run("ZCARD", key, []).await
    }

    pub(crate) async fn zscore(
        &self,
        key: impl Into<String>,
        member: &str,
    ) -> Result<Option<f64>, StoreError> {
        self.run("ZSCORE", key, [member.into()]).await
    }

    pub(crate) async fn zrank(
        &self,
        key: impl Into<String>,
        member: &str,
    ) -> Result<Option<u64>, StoreError> {
        self.run("ZRANK", key, [member.into()]).await
    }

    pub(crate) async fn zrange<R: FromValue>(
        &self,
        key: impl Into<String>,
        from: i64,
        to: i64,
    ) -> Result<R, StoreError> {
        self.run("ZRANGE", key, [from.into(), to.into()]).await
    }

    pub(crate) async fn zrange_with_scores<R: FromValue>(
        &self,
        key: impl Into<String>,
        from: i64,
        to: i64,
    ) -> Result<R, StoreError> {
        let arguments = [from.into(), to.into(), "WITHSCORES".into()];
        self.run("ZRANGE", key, arguments).await
    }

    /// The first `count` members with their scores, up to and including the score `to`.
    pub(crate) async fn zrange_up_to<R: FromValue>(
        &self,
        key: impl Into<String>,
        to: f64,
        count: i64,
    ) -> Result<R, StoreError> {
        let limit = ["LIMIT".into(), 0.into(), count.into()];
        let scores = ["-inf".into(), to.into(), "WITHSCORES".into()];
        self.run("ZRANGEBYSCORE", key, scores.into_iter().chain(limit))
            .await
    }

    /// The members from the score `from` on, the greatest first.
    pub(crate) async fn zrevrange_from<R: FromValue>(
        &self,
        key: impl Into<String>,
        from: f64,
    ) -> Result<R, StoreError> {
        self.run("ZREVRANGEBYSCORE", key, ["+inf".into(), from.into()])
            .await
    }

    pub(crate) async fn xlen(&self, key: impl Into<String>) -> Result<u64, StoreError> {
        self.run("XLEN", key, []).await
    }

    /// The id of the new entry.
    pub(crate) async fn xadd(
        &self,
        key: impl Into<String>,
        fields: &[(&str, &str)],
    ) -> Result<String, StoreError> {
        let fields = fields
            .iter()
            .flat_map(|(name, value)| [Value::from(*name), Value::from(*value)]);
        self.run("XADD", key, [Value::from("*")].into_iter().chain(fields))
            .await
    }

    pub(crate) async fn xrange(
        &self,
        key: impl Into<String>,
        from: &str,
        count: u64,
    ) -> Result<Vec<XReadValue<String, String, String>>, StoreError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let arguments = [from.into(), "+".into(), "COUNT".into(), count.into()];
        let answer = self
            .send(RedisCommand::new("XRANGE", key.into(), arguments))
            .await?;
        Ok(answer.into_xread_value()?)
    }

    /// Deletes the entries of a stream before `first`.
    pub(crate) async fn xtrim(
        &self,
        key: impl Into<String>,
        first: String,
    ) -> Result<(), StoreError> {
        let arguments = ["MINID".into(), "=".into(), first.into()];
        let _: i64 = self.run("XTRIM", key, arguments).await?;
        Ok(())
    }

    /// How many entries of a stream were deleted.
    pub(crate) async fn xdel(
        &self,
        key: impl Into<String>,
        ids: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<usize, StoreError> {
        self.run("XDEL", key, texts(ids)).await
    }

    /// Runs a small script about one key.
    pub(crate) async fn eval<R: FromValue>(
        &self,
        lua: &'static str,
        key: impl Into<String>,
        arguments: Vec<String>,
    ) -> Result<R, StoreError> {
        let arguments = arguments.into_iter().map(Value::from);
        let command = RedisCommand::script("EVAL", lua.into(), vec![key.into()], arguments);
        Ok(self.send(command).await?.convert()?)
    }
}

fn texts(texts: impl IntoIterator<Item = impl AsRef<str>>) -> impl Iterator<Item = Value> {
    texts.into_iter().map(|text| Value::from(text.as_ref()))
}
