//! How the phone numbers of a country are written at home, and what they are in E.164.

/// How the numbers of a country are written at home: its code, its calling code, the trunk prefix (dialled at home but not
/// part of the number), and the fewest and most digits of a number. From the national
/// numbering plans that the ITU publishes for E.164; a range covers mobile and fixed numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Country {
    pub(crate) code: &'static str,
    pub(crate) calling: &'static str,
    trunk: &'static str,
    digits: (usize, usize),
}

const fn country(
    code: &'static str,
    calling: &'static str,
    trunk: &'static str,
    digits: (usize, usize),
) -> Country {
    Country {
        code,
        calling,
        trunk,
        digits,
    }
}

/// A number as it was written: its digits, and how marks divide them into groups.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DigitGroups<'g> {
    pub(crate) digits: &'g str,
    pub(crate) groups: &'g [usize],
}

impl DigitGroups<'_> {
    /// Whether a group begins where the last `subscriber` digits do, or the area of two digits before them is in the same
    /// group. If not ("1 98765-4321" as 19 8765-4321), the customer meant something else.
    fn divide_off(&self, subscriber: usize) -> bool {
        let mut behind = 0;
        for digits in self.groups.iter().rev() {
            behind += digits;
            if behind >= subscriber {
                return behind == subscriber || behind >= subscriber + 2;
            }
        }
        false
    }

    /// Whether the groups end as Brazilians divide a number ("8765-4321", "9 8765 4321"), or in an undivided number. If not
    /// ("98765-432"), a digit may be missing or too many.
    fn end_in_a_whole_number(&self) -> bool {
        matches!(
            self.groups,
            [.., 8..=15] | [.., 4..=15, 4] | [.., 2, 2, 2, 2]
        )
    }
}

/// Brazil's areas, in Anatel's plan.
const BRAZILIAN_AREAS: [&str; 67] = [
    "11", "12", "13", "14", "15", "16", "17", "18", "19", "21", "22", "24", "27", "28", "31", "32",
    "33", "34", "35", "37", "38", "41", "42", "43", "44", "45", "46", "47", "48", "49", "51", "53",
    "54", "55", "61", "62", "63", "64", "65", "66", "67", "68", "69", "71", "73", "74", "75", "77",
    "79", "81", "82", "83", "84", "85", "86", "87", "88", "89", "91", "92", "93", "94", "95", "96",
    "97", "98", "99",
];

/// The long-distance carriers of Brazil that people dial: Vivo's 15, Claro's 21, TIM's 41 ...
const BRAZILIAN_CARRIERS: [&str; 9] = ["12", "14", "15", "21", "23", "25", "31", "41", "43"];

/// The calling codes that the ITU has given to countries and networks, without those of [`Country::ALL`].
const OTHER_CALLING_CODES: &str = "
    7 20 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 239 240 241 242 243
    245 246 247 248 249 250 251 252 253 254 255 256 257 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 30 350
    354 355 356 357 358 359 36 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 40 420 421 423 500 501
    508 509 53 590 592 594 596 597 599 60 62 63 65 66 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688
    689 690 691 692 81 82 84 850 852 853 855 856 86 870 880 881 882 883 886 90 92 93 94 95 960 961 962 963 964 965 966 967
    968 970 971 972 973 974 975 976 977 98 992 993 994 995 996 998";

impl Country {
    /// The countries whose national numbers we can read.
    pub(crate) const ALL: [Country; 44] = [
        country("AO", "244", "", (9, 9)),
        country("AR", "54", "0", (10, 11)),
        country("AT", "43", "0", (7, 13)),
        country("AU", "61", "0", (9, 9)),
        country("BE", "32", "0", (8, 9)),
        country("BO", "591", "0", (8, 8)),
        country("BR", "55", "0", (10, 11)),
        country("CA", "1", "1", (10, 10)),
        country("CH", "41", "0", (9, 9)),
        country("CL", "56", "0", (9, 9)),
        country("CO", "57", "0", (10, 10)),
        country("CR", "506", "", (8, 8)),
        country("CV", "238", "", (7, 7)),
        country("DE", "49", "0", (6, 11)),
        country("DK", "45", "", (8, 8)),
        country("DO", "1", "1", (10, 10)),
        country("EC", "593", "0", (8, 9)),
        country("ES", "34", "", (9, 9)),
        country("FR", "33", "0", (9, 9)),
        country("GB", "44", "0", (9, 10)),
        country("GT", "502", "", (8, 8)),
        country("HN", "504", "", (8, 8)),
        country("IE", "353", "0", (7, 9)),
        country("IN", "91", "0", (10, 10)),
        country("IT", "39", "", (6, 11)),
        country("LU", "352", "", (5, 11)),
        country("MX", "52", "", (10, 10)),
        country("MZ", "258", "", (8, 9)),
        country("NI", "505", "", (8, 8)),
        country("NL", "31", "0", (9, 9)),
        country("NO", "47", "", (8, 8)),
        country("NZ", "64", "0", (8, 10)),
        country("PA", "507", "", (7, 8)),
        country("PE", "51", "0", (8, 9)),
        country("PL", "48", "", (9, 9)),
        country("PR", "1", "1", (10, 10)),
        country("PT", "351", "", (9, 9)),
        country("PY", "595", "0", (7, 9)),
        country("SE", "46", "0", (7, 9)),
        country("SV", "503", "", (8, 8)),
        country("US", "1", "1", (10, 10)),
        country("UY", "598", "0", (8, 8)),
        country("VE", "58", "0", (10, 10)),
        country("ZA", "27", "0", (9, 9)),
    ];

    /// The country with this code of two letters (ISO 3166).
    pub(crate) fn with_code(code: &str) -> Option<&'static Country> {
        Country::all().find(|country| country.code == code)
    }

    /// The countries with a calling code that the digits begin with. No calling code begins with another, so all of them
    /// share one.
    pub(crate) fn called_by(digits: &str) -> impl Iterator<Item = &'static Country> {
        Country::all().filter(move |country| digits.starts_with(country.calling))
    }

    fn all() -> impl Iterator<Item = &'static Country> {
        static ALL: [Country; 44] = Country::ALL;
        ALL.iter()
    }

    /// Whether a number without calling code and trunk prefix can belong to this country.
    fn has(&self, number: &str) -> bool {
        let digits = number.as_bytes();
        if !(self.digits.0..=self.digits.1).contains(&digits.len()) {
            return false;
        }
        let first = digits[0];
        match self.calling {
            // Mobile numbers have nine digits and begin with 9; landline numbers have eight and begin with 2 to 5.
            "55" => {
                let subscriber = match digits.len() {
                    11 => b'9'..=b'9',
                    _ => b'2'..=b'5',
                };
                BRAZILIAN_AREAS.contains(&&number[..2]) && subscriber.contains(&digits[2])
            }
            // A mobile number has a 9 before its area in international form. Areas are 11, 2.. and 3..
            "54" => match digits.len() {
                11 => first == b'9' && is_argentinian(&number[1..]),
                _ => is_argentinian(number),
            },
            // Neither the area code nor the exchange begins with 0 or 1.
            "1" => first >= b'2' && digits[3] >= b'2',
            // Landline numbers keep their 0 in international form; mobile numbers begin with 3.
            "39" => matches!(first, b'0' | b'3' | b'8'),
            "34" => (b'6'..=b'9').contains(&first),
            "351" => matches!(first, b'2' | b'3' | b'9'),
            "52" | "56" => first >= b'2',
            // Mobile numbers, and landline numbers since 2021.
            "57" => first == b'3' || number.starts_with("60"),
            "51" | "593" => (first == b'9') == (digits.len() == 9) && first != b'0',
            "598" => matches!(first, b'2' | b'4' | b'9'),
            "58" => matches!(first, b'2' | b'4'),
            _ => first != b'0',
        }
    }

    /// The number in E.164 without `+` and calling code, if it can belong to this country.
    ///
    /// Numbers that are written by older rules get what the plan of today wants, where only one number can be meant.
    pub(crate) fn national(&self, written: DigitGroups<'_>) -> Option<String> {
        let digits = written.digits;
        let found = |digits: &str| {
            let is_divided = self.calling != "55" || written.divide_off(digits.len().max(2) - 2);
            (is_divided && self.has(digits)).then(|| digits.to_owned())
        };
        found(digits)
            .or_else(|| self.older(written))
            .or_else(|| {
                let rest = digits
                    .strip_prefix(self.trunk)
                    .filter(|_| !self.trunk.is_empty())?;
                let rest = DigitGroups {
                    digits: rest,
                    ..written
                };
                found(rest.digits).or_else(|| self.older(rest))
            })
            .or_else(|| self.behind_carrier(written))
    }

    /// A number as it was before the numbering plan changed, or as it is dialled only at home.
    fn older(&self, written: DigitGroups<'_>) -> Option<String> {
        let digits = written.digits;
        let number = match self.calling {
            // A mobile number without the ninth digit that all have had since 2016. WhatsApp still shows many without it.
            "55" if digits.len() == 10
                && written.divide_off(8)
                && written.end_in_a_whole_number() =>
            {
                let (area, subscriber) = digits.split_at(2);
                subscriber
                    .starts_with(['6', '7', '8', '9'])
                    .then(|| format!("{area}9{subscriber}"))?
            }
            "54" => argentinian_mobile(digits)?,
            // The 1 that WhatsApp puts behind 52, and the prefixes for long distance and mobile numbers before 2019.
            "52" => ["1", "01", "044", "045"]
                .iter()
                .find_map(|prefix| digits.strip_prefix(prefix))?
                .to_owned(),
            // A landline number of before 2021, and the prefix to call a mobile number from one.
            "57" => match digits.len() {
                8 if digits.starts_with(['1', '2', '4', '5', '6', '7', '8']) => {
                    format!("60{digits}")
                }
                _ => digits.strip_prefix("03")?.to_owned(),
            },
            _ => return None,
        };
        self.has(&number).then_some(number)
    }

    /// Behind Brazil's trunk prefix, a carrier can be chosen: 0 15 11 99999-0000.
    fn behind_carrier(&self, written: DigitGroups<'_>) -> Option<String> {
        let rest = written.digits.strip_prefix('0')?;
        let (carrier, number) = rest.split_at_checked(2)?;
        (self.calling == "55"
            && BRAZILIAN_CARRIERS.contains(&carrier)
            && written.divide_off(number.len().max(2) - 2)
            && written.end_in_a_whole_number()
            && self.has(number))
        .then(|| number.to_owned())
    }
}

/// Whether these are an Argentinian area and number, of ten digits together.
fn is_argentinian(number: &str) -> bool {
    number.len() == 10 && (number.starts_with("11") || number.starts_with(['2', '3']))
}

/// A mobile number of Argentina as it is dialled at home, with 15 between area and number, in the form that WhatsApp uses:
/// 9, area, number.
fn argentinian_mobile(digits: &str) -> Option<String> {
    let behind_nine = digits.strip_prefix('9');
    let digits = behind_nine.unwrap_or(digits);
    let digits = digits.strip_prefix('0').unwrap_or(digits);
    if behind_nine.is_some() && is_argentinian(digits) {
        return Some(format!("9{digits}"));
    }
    if digits.len() != 12 {
        return None;
    }
    // The area has two digits in Buenos Aires, and three or four elsewhere. The 15 can't be at both places.
    let mut areas = if digits.starts_with("11") {
        2..=2
    } else {
        3..=4
    };
    areas.find_map(|area| {
        let (area, rest) = digits.split_at(area);
        Some(format!("9{area}{}", rest.strip_prefix("15")?))
    })
}

/// Whether the ITU has given a calling code that these digits begin with, of a country that is not in [`Country::ALL`].
pub(crate) fn begins_with_another_calling_code(digits: &str) -> bool {
    OTHER_CALLING_CODES
        .split_ascii_whitespace()
        .any(|code| digits.starts_with(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_calling_code_begins_with_another() {
        let others = OTHER_CALLING_CODES.split_ascii_whitespace();
        let known = Country::ALL.iter().map(|country| country.calling);
        let codes: std::collections::BTreeSet<&str> = others.clone().chain(known).collect();
        for code in &codes {
            for other in &codes {
                assert!(code == other || !other.starts_with(code), "{code} {other}");
            }
        }
        for country in Country::ALL {
            assert_eq!(Country::with_code(country.code), Some(&country));
            assert!(others.clone().all(|code| code != country.calling));
        }
    }
}
