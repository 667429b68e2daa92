//! Small real pictures, so that a browser can show what the fake WAHA serves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The smaller side of a QR code, in its own squares.
const SQUARES: usize = 29;
/// How many pixels a square has, and how many squares the white border has.
const SCALE: usize = 4;
const BORDER: usize = 4;

/// A JPEG of 8 x 8 pixels, orange above blue.
const PHOTO: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAbEAEAAAcAAAAAAAAAAAAAAAAAAQMEFVKR0f/EABUBAQEAAAAAAAAAAAAAAAAAAAID/8QAFhEAAwAAAAAAAAAAAAAAAAAAAAMU/9oADAMBAAIRAxEAPwCfeKfCbqHQFYlBucf/2Q==";

/// A photo (JPEG).
pub(super) fn photo() -> Vec<u8> {
    STANDARD.decode(PHOTO).unwrap_or_default()
}

/// The picture (PNG) of something that looks like a QR code, another for each number.
pub(super) fn code(number: u64) -> Vec<u8> {
    let mut chance = fastrand::Rng::with_seed(number);
    let squares: Vec<bool> = (0..SQUARES * SQUARES).map(|_| chance.bool()).collect();
    let is_dark = |x: usize, y: usize| {
        let corner = |at: usize| {
            if at >= SQUARES - 7 {
                at + 7 - SQUARES
            } else {
                at
            }
        };
        let near = |at: usize| !(8..SQUARES - 8).contains(&at);
        let in_corner = near(x) && near(y);
        if !in_corner || (x >= SQUARES - 8 && y >= SQUARES - 8) {
            return squares[y * SQUARES + x];
        }
        let (x, y) = (corner(x), corner(y));
        let ring = x.abs_diff(3).max(y.abs_diff(3));
        ring == 3 || ring < 2
    };
    let side = (SQUARES + 2 * BORDER) * SCALE;
    let mut rows = Vec::new();
    for y in 0..side {
        // No filter.
        rows.push(0);
        for x in 0..side {
            let at = |pixel: usize| {
                (pixel / SCALE)
                    .checked_sub(BORDER)
                    .filter(|at| *at < SQUARES)
            };
            let dark = matches!((at(x), at(y)), (Some(x), Some(y)) if is_dark(x, y));
            rows.push(if dark { 0 } else { 255 });
        }
    }
    png(side, &rows)
}

/// A square picture in shades of grey, not compressed.
fn png(side: usize, rows: &[u8]) -> Vec<u8> {
    let side = u32::try_from(side).unwrap_or_default().to_be_bytes();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(
        &mut png,
        b"IHDR",
        &[&side[..], &side[..], &[8, 0, 0, 0, 0]].concat(),
    );
    let mut packed = vec![0x78, 0x01];
    let blocks: Vec<&[u8]> = rows.chunks(65_535).collect();
    for (at, block) in blocks.iter().enumerate() {
        let length = u16::try_from(block.len()).unwrap_or_default();
        packed.push(u8::from(at + 1 == blocks.len()));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(*block);
    }
    packed.extend(adler32(rows).to_be_bytes());
    chunk(&mut png, b"IDAT", &packed);
    chunk(&mut png, b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend(u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
    let begin = png.len();
    png.extend(kind);
    png.extend(data);
    let sum = crc32(&png[begin..]);
    png.extend(sum.to_be_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum: u32, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    (b << 16) | a
}
