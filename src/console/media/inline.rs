//! Which files a browser may show inside a page, and which it may only save.
//!
//! A customer chooses the type of a file and its bytes. Only pictures of pixels, sounds and videos are shown: they run nothing.
//! The bytes must be what the type says; anything else is a download.

/// How many bytes at the beginning of a file tell its type.
pub(super) const MAGIC: usize = 64;

/// The type under which a file may be shown; `None`: it may only be saved. `declared` is what WAHA or the message says, and
/// `begin` the first bytes of the content.
pub(super) fn inline_type(declared: &str, begin: &[u8]) -> Option<&'static str> {
    let declared = declared.split(';').next().unwrap_or_default().trim();
    let declared = declared.to_ascii_lowercase();
    let is = |types: &[&str]| types.contains(&declared.as_str());
    // A picture that is another picture is as harmless.
    if is(&[
        "image/jpeg",
        "image/jpg",
        "image/pjpeg",
        "image/png",
        "image/gif",
        "image/webp",
    ]) {
        return picture(begin);
    }
    if is(&[
        "audio/ogg",
        "audio/opus",
        "application/ogg",
        "audio/x-opus+ogg",
    ]) {
        return begin.starts_with(b"OggS").then_some("audio/ogg");
    }
    if is(&["audio/mpeg", "audio/mp3", "audio/mpeg3"]) {
        return (begin.starts_with(b"ID3") || is_mpeg_frame(begin)).then_some("audio/mpeg");
    }
    if is(&["audio/aac", "audio/aacp", "audio/x-aac"]) {
        return match begin {
            [0xff, second, ..] if second & 0xf6 == 0xf0 => Some("audio/aac"),
            _ => iso_media(begin).map(|_| "audio/mp4"),
        };
    }
    if is(&["audio/mp4", "audio/m4a", "audio/x-m4a", "audio/mp4a-latm"]) {
        return iso_media(begin).map(|_| "audio/mp4");
    }
    if is(&["audio/wav", "audio/x-wav", "audio/wave"]) {
        let is_wave = begin.starts_with(b"RIFF") && begin.get(8..12) == Some(&b"WAVE"[..]);
        return is_wave.then_some("audio/wav");
    }
    if is(&[
        "video/mp4",
        "video/3gpp",
        "video/3gpp2",
        "video/quicktime",
        "video/x-m4v",
    ]) {
        return iso_media(begin);
    }
    if is(&["video/webm", "audio/webm"]) {
        let is_webm = begin.starts_with(b"\x1a\x45\xdf\xa3") && contains(begin, b"webm");
        return is_webm.then_some(if declared.starts_with('a') {
            "audio/webm"
        } else {
            "video/webm"
        });
    }
    None
}

fn picture(begin: &[u8]) -> Option<&'static str> {
    match begin {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

/// The type of a file in boxes (ISO 14496-12) that browsers play, by its first box.
fn iso_media(begin: &[u8]) -> Option<&'static str> {
    if begin.get(4..8) != Some(&b"ftyp"[..]) {
        return None;
    }
    let brand = begin.get(8..12)?;
    let starts = |with: &[u8]| brand.starts_with(with);
    if starts(b"3gp") || starts(b"3g2") {
        return Some("video/3gpp");
    }
    let plays = starts(b"iso")
        || starts(b"mp4")
        || starts(b"avc")
        || starts(b"M4")
        || [&b"dash"[..], b"MSNV", b"f4v ", b"qt  ", b"mmp4", b"hvc1"].contains(&brand);
    plays.then_some("video/mp4")
}

/// An MPEG audio frame: eleven bits that are set, then a version, a layer, a bit rate and a sample rate that exist.
fn is_mpeg_frame(begin: &[u8]) -> bool {
    let [0xff, second, third, ..] = begin else {
        return false;
    };
    let (version, layer) = ((second >> 3) & 3, (second >> 1) & 3);
    second & 0xe0 == 0xe0
        && version != 1
        && layer != 0
        && third >> 4 != 0xf
        && (third >> 2) & 3 != 3
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const MP4: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41";
    const WEBM: &[u8] = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm";

    #[test]
    fn what_the_bytes_confirm_is_shown() {
        for (declared, begin, shown) in [
            (
                "image/jpeg",
                &b"\xff\xd8\xff\xe0\0\x10JFIF"[..],
                "image/jpeg",
            ),
            ("image/png", PNG, "image/png"),
            ("IMAGE/PNG; x=y", PNG, "image/png"),
            ("image/jpeg", PNG, "image/png"),
            ("image/gif", b"GIF89a", "image/gif"),
            ("image/webp", b"RIFF\x1e\x02\0\0WEBPVP8X", "image/webp"),
            ("audio/ogg; codecs=opus", b"OggS\0\x02", "audio/ogg"),
            ("audio/mpeg", b"ID3\x04", "audio/mpeg"),
            ("audio/mpeg", b"\xff\xfb\x90\x44", "audio/mpeg"),
            ("audio/aac", b"\xff\xf1\x50\x80", "audio/aac"),
            ("audio/mp4", b"\0\0\0\x1cftypM4A \0\0\0\0", "audio/mp4"),
            ("audio/wav", b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
            ("video/mp4", MP4, "video/mp4"),
            ("video/3gpp", b"\0\0\0\x18ftyp3gp4\0\0\0\0", "video/3gpp"),
            ("video/webm", WEBM, "video/webm"),
        ] {
            assert_eq!(inline_type(declared, begin), Some(shown), "{declared}");
        }
    }

    #[test]
    fn anything_else_is_a_download() {
        let svg = &b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"[..];
        let html = &b"<!doctype html><script>alert(1)</script>"[..];
        for declared in [
            "image/svg+xml",
            "image/svg",
            "text/html",
            "application/xhtml+xml",
            "text/xml",
            "application/xml",
            "application/pdf",
            "text/plain",
            "application/javascript",
            "application/octet-stream",
            "image/x-icon",
            "image/tiff",
            "image/*",
            "image",
            "",
            "*/*",
            "audio/amr",
            "audio/midi",
            "video/x-msvideo",
            "multipart/related",
            "text/html, image/png",
            "image/png, text/html",
            "video/mp4\r\ntext/html",
        ] {
            for begin in [PNG, MP4, WEBM, svg, html, b"OggS\0", b"%PDF-1.7", b""] {
                assert_eq!(inline_type(declared, begin), None, "{declared}");
            }
        }
        // The bytes are something else than the type says.
        for declared in [
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "audio/ogg",
            "audio/mpeg",
            "audio/aac",
            "audio/mp4",
            "audio/wav",
            "video/mp4",
            "video/3gpp",
            "video/webm",
        ] {
            let polyglot = b"\0\0\0\x20ftyphtml<script>";
            for begin in [
                svg,
                html,
                b"%PDF-1.7",
                b"PK\x03\x04",
                b"MZ",
                b"",
                b"\xff",
                b"\xff\xff\xff\xff",
                b"RIFF",
                polyglot,
                b"\x1a\x45\xdf\xa3 matroska",
            ] {
                assert_eq!(inline_type(declared, begin), None, "{declared} {begin:?}");
            }
        }
        assert_eq!(inline_type("image/png", MP4), None);
        assert_eq!(inline_type("video/mp4", PNG), None);
    }
}
