//! One row per message, although both our sender (the reply) and WAHA (its echo) report it, in any order.
//!
//! The message id joins the two. If the sender never learned the id, the reply is *without id*: it is matched with an echo of
//! the same chat and text within [`WINDOW`]. The echo's row moves to the table `echo` and lends its message id to the reply. A
//! better match may come later. So each arrival matches everything around it again, by a rule that depends on what is there and
//! not on the order of arrival. If the echo turns out to belong to another reply, it gets its row back.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::entry::Row;
use super::rows::{self, Found};
use crate::clock::Millis;
use crate::describe::describe_json;
use crate::ids::{ChatId, MessageId, SessionName};

/// How far apart the times of a reply and its echo may be.
const WINDOW: Duration = Duration::from_secs(10 * 60);

/// How many candidates on each side are looked at: if a chat is flooded with one text, an arrival
/// must not cost the square of the flood. With more candidates, the nearest still match.
const CANDIDATES_MAX: usize = 64;

/// Stores a message that WAHA reported; a repeat only adds what was missing.
pub(super) fn message(db: &Connection, row: &Row) -> rusqlite::Result<()> {
    if rows::insert(db, row)?.is_some() {
        if row.direction == "outbound" && row.message_id.is_some() {
            rematch(db, &row.session, &Surroundings::of(row))?;
        }
        return Ok(());
    }
    let Some(message_id) = &row.message_id else {
        return Ok(());
    };
    match rows::by_message_id(db, &row.session, &row.chat, &row.direction, message_id)? {
        Some(known) if !known.without_id => {
            rows::fill(db, known.id, row)?;
            if known.text.is_empty() && !row.text.is_empty() {
                rematch(db, &row.session, &Surroundings::of(row))?;
            }
            Ok(())
        }
        // An echo has lent this message id; the repeat of the echo is ignored.
        _ => Ok(()),
    }
}

/// Stores a reply as our sender reports it, joined with its echo if that is here.
///
/// If it is reported again (a retry after a failure, an entry written twice), it stays one row: sent counts more than failed, and
/// a known message id more than an unknown one; between equals the first stays.
pub(super) fn reply(db: &Connection, row: &Row) -> rusqlite::Result<()> {
    let session = &row.session;
    let mut changed = Vec::new();
    let mut mine = reply_row(db, row)?;
    let mut holder = row_by_message_id(db, row)?;
    // A certain match replaces one that was only likely.
    let certain =
        |mine: &Found| mine.without_id && (row.message_id.is_some() || mine.text != row.text);
    for borrower in [
        holder.as_ref().filter(|holder| holder.without_id),
        mine.as_ref().filter(|mine| certain(mine)),
    ] {
        changed.extend(release(db, borrower)?);
    }
    if !changed.is_empty() {
        (mine, holder) = (reply_row(db, row)?, row_by_message_id(db, row)?);
    }
    match (mine, holder) {
        (None, None) => {
            rows::insert(db, row)?;
        }
        (None, Some(echo)) if echo.state.is_none() => {
            rows::overlay(db, echo.id, row)?;
        }
        // Two replies can't have the same message id; the first one stays.
        (None, Some(_)) => {}
        (Some(mine), holder) if counts_more(row, &mine) => {
            changed.push(Surroundings::around(
                &mine.chat, &mine.text, mine.at, mine.at,
            ));
            renew(db, &mine, holder, row)?;
        }
        (Some(_), _) => {}
    }
    if row.message_id.is_none() {
        changed.push(Surroundings::of(row));
    }
    for place in &changed {
        rematch(db, session, place)?;
    }
    Ok(())
}

/// Replaces an earlier report of a reply with this one.
fn renew(db: &Connection, mine: &Found, holder: Option<Found>, row: &Row) -> rusqlite::Result<()> {
    let holder = holder.filter(|holder| holder.id != mine.id);
    match holder {
        Some(echo) if echo.state.is_none() && mine.message_id.is_none() => {
            let echo = rows::take(db, echo.id)?;
            rows::overlay(db, mine.id, row)?;
            rows::fill(db, mine.id, &echo)?;
        }
        // Another row has this message id, or this row has another one: the first stays.
        Some(_) => {
            let row = Row {
                message_id: None,
                ..row.clone()
            };
            rows::overlay(db, mine.id, &row)?;
        }
        None => rows::overlay(db, mine.id, row)?,
    }
    rows::find_edit(db, mine.id)
}

fn counts_more(row: &Row, mine: &Found) -> bool {
    let now = (
        row.state.as_deref() == Some("sent"),
        row.message_id.is_some(),
    );
    let before = (
        mine.state.as_deref() == Some("sent"),
        mine.message_id.is_some() && !mine.without_id,
    );
    now > before
}

fn row_by_message_id(db: &Connection, row: &Row) -> rusqlite::Result<Option<Found>> {
    match &row.message_id {
        Some(message_id) => {
            rows::by_message_id(db, &row.session, &row.chat, &row.direction, message_id)
        }
        None => Ok(None),
    }
}

fn reply_row(db: &Connection, row: &Row) -> rusqlite::Result<Option<Found>> {
    match &row.reply_id {
        Some(reply_id) => rows::by_reply(db, &row.session, reply_id),
        None => Ok(None),
    }
}

/// Where to match again: around some moments of a chat, among messages with the same text.
#[derive(Debug)]
struct Surroundings {
    chat: ChatId,
    text: String,
    from: Millis,
    to: Millis,
}

impl Surroundings {
    fn of(row: &Row) -> Surroundings {
        Surroundings::around(&row.chat, &row.text, row.at, row.at)
    }

    fn around(chat: &ChatId, text: &str, one: Millis, other: Millis) -> Surroundings {
        Surroundings {
            chat: chat.clone(),
            text: text.to_owned(),
            from: one.min(other),
            to: one.max(other),
        }
    }
}

/// A reply without id, and the echo that lends it a message id at the moment.
struct ReplyWithoutId {
    id: i64,
    at: Millis,
    failed: bool,
    reply_id: String,
    lender: Option<MessageId>,
}

/// An echo whose message id no reply has as its own.
struct FreeEcho {
    message_id: MessageId,
    at: Millis,
}

/// Matches the replies without id and the echoes around `place`: nearest in time first, sent before failed.
/// Whether anything changed.
fn rematch(db: &Connection, session: &SessionName, place: &Surroundings) -> rusqlite::Result<bool> {
    // Two photos without a caption are not the same message.
    if place.text.trim().is_empty() {
        return Ok(false);
    }
    let (replies, echoes) = gather(db, session, place)?;
    let mut pairs: Vec<_> = replies
        .iter()
        .flat_map(|reply| echoes.iter().map(move |echo| (reply, echo)))
        .filter(|(reply, echo)| apart(reply.at, echo.at) <= WINDOW)
        .collect();
    pairs.sort_by_key(|(reply, echo)| {
        let apart = apart(reply.at, echo.at);
        (
            reply.failed,
            apart,
            reply.at,
            &reply.reply_id,
            &echo.message_id,
        )
    });
    let mut matched: Vec<(&ReplyWithoutId, &FreeEcho)> = Vec::new();
    for (reply, echo) in pairs {
        if !matched
            .iter()
            .any(|(r, e)| r.id == reply.id || e.message_id == echo.message_id)
        {
            matched.push((reply, echo));
        }
    }
    let lender = |reply: &ReplyWithoutId| {
        matched
            .iter()
            .find(|(r, _)| r.id == reply.id)
            .map(|(_, e)| &e.message_id)
    };
    // Undo all old matches before making new ones: only one row at a time can have a message id.
    // A lender that is not among the candidates stays, unless there is a nearer one.
    let known = |message_id: &MessageId| echoes.iter().any(|echo| echo.message_id == *message_id);
    let changed: Vec<_> = replies
        .iter()
        .filter(|reply| match (&reply.lender, lender(reply)) {
            (Some(before), None) => known(before),
            (before, now) => before.as_ref() != now,
        })
        .collect();
    for reply in &changed {
        if reply.lender.is_some() {
            take_id_back(db, reply.id)?;
        }
    }
    for reply in &changed {
        if let Some(message_id) = lender(reply) {
            lend_id(db, session, &place.chat, message_id, reply.id)?;
        }
    }
    Ok(!changed.is_empty())
}

fn apart(one: Millis, other: Millis) -> Duration {
    one.max(other).since(one.min(other))
}

/// Two ids are one person, and both chats have a report of the same message: takes the reports out of `lid`, so that the others
/// can move. `store_again` joins them with those of `chat`.
pub(super) fn take_doubles(
    db: &Connection,
    session: &SessionName,
    lid: &ChatId,
    chat: &ChatId,
) -> rusqlite::Result<Vec<Row>> {
    let mut taken = Vec::new();
    loop {
        let doubles: Vec<(i64, bool, i64, bool)> = db
            .prepare_cached(
                "SELECT one.id, one.loose, other.id, other.loose
                 FROM message one INDEXED BY message_chat JOIN message other ON other.session = one.session
                    AND other.direction = one.direction AND other.stanza = one.stanza AND other.chat = ?3
                 WHERE one.chat = ?2 AND one.session = ?1 AND one.stanza IS NOT NULL",
            )?
            .query_map(params![session, lid, chat], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        if doubles.is_empty() {
            return Ok(taken);
        }
        for (one, one_has_lent_id, other, other_has_lent_id) in doubles {
            // An id that an echo lends goes back: the echo is the double, and the next round finds it.
            if other_has_lent_id {
                take_id_back(db, other)?;
            }
            if one_has_lent_id {
                take_id_back(db, one)?;
            } else {
                taken.push(rows::take(db, one)?);
            }
        }
    }
}

/// Stores rows that `take_doubles` took, in the chat to which the others have moved.
pub(super) fn store_again(db: &Connection, chat: &ChatId, rows: Vec<Row>) -> rusqlite::Result<()> {
    for mut row in rows {
        row.chat = chat.clone();
        match row.state {
            Some(_) => reply(db, &row)?,
            None => message(db, &row)?,
        }
    }
    Ok(())
}

/// Matches everything in a chat again, after the messages of another id were moved to it.
pub(super) fn rematch_all(
    db: &Connection,
    session: &SessionName,
    chat: &ChatId,
) -> rusqlite::Result<()> {
    let mut query = db.prepare_cached(
        "SELECT text, at FROM message INDEXED BY message_loose WHERE loose = 1 AND chat = ?1 AND session = ?2
         ORDER BY at, id",
    )?;
    let places: Vec<Surroundings> = query
        .query_map(params![chat, session], |row| {
            let (text, at): (String, Millis) = (row.get(0)?, row.get(1)?);
            Ok(Surroundings::around(chat, &text, at, at))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for place in &places {
        rematch(db, session, place)?;
    }
    Ok(())
}

/// Everything whose match may depend on `place`: what is near it, what is near that, and so on.
fn gather(
    db: &Connection,
    session: &SessionName,
    place: &Surroundings,
) -> rusqlite::Result<(Vec<ReplyWithoutId>, Vec<FreeEcho>)> {
    let text = place.text.trim();
    let middle = place.from + place.from.until(place.to) / 2;
    let mut span = (place.from, place.to);
    loop {
        let (from, to) = (span.0 - WINDOW, span.1 + WINDOW);
        let within = params![place.chat, from, to, session, middle];
        let replies = replies_without_id(db, within, text)?;
        if replies.is_empty() {
            return Ok((replies, Vec::new()));
        }
        let echoes = free_echoes(db, within, text)?;
        let times = || {
            replies
                .iter()
                .map(|r| r.at)
                .chain(echoes.iter().map(|e| e.at))
        };
        let wider = times().fold(span, |span, at| (span.0.min(at), span.1.max(at)));
        if wider == span || replies.len() >= CANDIDATES_MAX || echoes.len() >= CANDIDATES_MAX {
            return Ok((replies, echoes));
        }
        span = wider;
    }
}

fn replies_without_id(
    db: &Connection,
    within: &[&dyn ToSql],
    text: &str,
) -> rusqlite::Result<Vec<ReplyWithoutId>> {
    let mut replies = Vec::new();
    let mut query = db.prepare_cached(include_str!("sql/replies_without_id.sql"))?;
    let mut rows = query.query(within)?;
    while let Some(row) = rows.next()? {
        if row.get_ref(4)?.as_str()?.trim() == text {
            replies.push(ReplyWithoutId {
                id: row.get(0)?,
                at: row.get(1)?,
                failed: row.get(2)?,
                reply_id: row.get(3)?,
                lender: row.get(5)?,
            });
            if replies.len() == CANDIDATES_MAX {
                break;
            }
        }
    }
    Ok(replies)
}

fn free_echoes(
    db: &Connection,
    within: &[&dyn ToSql],
    text: &str,
) -> rusqlite::Result<Vec<FreeEcho>> {
    let mut echoes = Vec::new();
    let mut query = db.prepare_cached(include_str!("sql/free_echoes.sql"))?;
    let mut rows = query.query(within)?;
    while let Some(row) = rows.next()? {
        if row.get_ref(2)?.as_str()?.trim() == text {
            echoes.push(FreeEcho {
                message_id: row.get(0)?,
                at: row.get(1)?,
            });
            if echoes.len() == CANDIDATES_MAX {
                break;
            }
        }
    }
    Ok(echoes)
}

/// Moves the echo's row away and gives its message id to the reply.
fn lend_id(
    db: &Connection,
    session: &SessionName,
    chat: &ChatId,
    message_id: &MessageId,
    reply: i64,
) -> rusqlite::Result<()> {
    // Only an echo with its own row can lend its id.
    let found = rows::by_message_id(db, session, chat, "outbound", message_id)?
        .filter(|found| found.state.is_none());
    let Some(found) = found else { return Ok(()) };
    let echo = rows::take(db, found.id)?;
    let json = serde_json::to_string(&echo)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    db.prepare_cached(
        "INSERT INTO echo (session, stanza, reply, chat, at, row) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        session, message_id, reply, echo.chat, echo.at, json
    ])?;
    rows::set_message_id(db, reply, Some(message_id))
}

/// Gives the echo its row back and leaves the reply without a message id. Returns the echo's time, if there was one.
fn take_id_back(db: &Connection, reply: i64) -> rusqlite::Result<Option<Millis>> {
    let json: Option<String> = db
        .prepare_cached("DELETE FROM echo WHERE reply = ?1 RETURNING row")?
        .query_row([reply], |row| row.get(0))
        .optional()?;
    let Some(json) = json else { return Ok(None) };
    let echo: Row = serde_json::from_str(&json).map_err(|error| {
        let reason = describe_json(&error);
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, reason.into())
    })?;
    rows::set_message_id(db, reply, None)?;
    rows::insert(db, &echo)?;
    Ok(Some(echo.at))
}

/// Takes a lent message id back. Returns where to match again.
fn release(db: &Connection, reply: Option<&Found>) -> rusqlite::Result<Option<Surroundings>> {
    let Some(reply) = reply else { return Ok(None) };
    let echo_at = take_id_back(db, reply.id)?;
    Ok(echo_at.map(|echo_at| Surroundings::around(&reply.chat, &reply.text, reply.at, echo_at)))
}
