//! The part of a file that a browser asks for. iPhones play nothing from a server that sends whole files only.

/// A part of a file: from its first byte to its last one, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Part {
    /// How many bytes it has.
    pub(super) fn length(self) -> u64 {
        self.last - self.first + 1
    }
}

/// What the header `Range` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it. Headers that we don't understand, and several parts at once, count as this too.
    Whole,
    Part(Part),
    /// Something behind the end.
    Nothing,
}

/// Reads the header (RFC 9110, 14.2) for a file of `length` bytes.
pub(super) fn asked(header: Option<&str>, length: u64) -> Asked {
    let Some((first, last)) = header.and_then(parse) else {
        return Asked::Whole;
    };
    let (first, last) = match (first, last) {
        (Some(first), last) => (first, last.unwrap_or(u64::MAX)),
        (None, Some(0)) => return Asked::Nothing,
        (None, Some(count)) => (length.saturating_sub(count), u64::MAX),
        (None, None) => return Asked::Whole,
    };
    if last < first {
        return Asked::Whole;
    }
    if first >= length {
        return Asked::Nothing;
    }
    let last = last.min(length - 1);
    Asked::Part(Part { first, last })
}

fn parse(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok().map(Some),
        _ => None,
    };
    Some((number(first)?, number(last)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_lies_within_the_file() {
        let part = |first, last| Asked::Part(Part { first, last });
        for (header, wanted) in [
            ("bytes=0-1", part(0, 1)),
            ("bytes=0-", part(0, 99)),
            ("bytes=0-99", part(0, 99)),
            ("bytes=10-1000", part(10, 99)),
            ("bytes=99-", part(99, 99)),
            ("bytes=-1", part(99, 99)),
            ("bytes=-1000", part(0, 99)),
            ("bytes=100-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=5-4", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("lines=0-1", Asked::Whole),
            ("bytes=99999999999999999999-", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(asked(Some(header), 100), wanted, "{header}");
        }
        assert_eq!(asked(None, 100), Asked::Whole);
        assert_eq!(asked(Some("bytes=0-"), 0), Asked::Nothing);
        assert_eq!(Part { first: 3, last: 3 }.length(), 1);
    }
}
