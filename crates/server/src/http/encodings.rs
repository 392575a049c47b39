//! Which form of a file a client can read (RFC 9110, section 12.5.3).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// A form that a file is sent in. Of those that a client likes alike, the later one is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Brotli,
}

impl Encoding {
    const ALL: [Self; 3] = [Self::Identity, Self::Gzip, Self::Brotli];

    /// Its name in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }

    /// The form of those that are there that the client likes best. Who takes none gets the file as it is.
    pub(super) fn chosen(headers: &HeaderMap, is_there: impl Fn(Self) -> bool) -> Self {
        let wishes = Wishes::of(headers);
        Self::ALL
            .into_iter()
            .filter(|encoding| is_there(*encoding))
            .map(|encoding| (wishes.weight(encoding), encoding))
            .filter(|(weight, _)| *weight > 0)
            .max()
            .map_or(Self::Identity, |(_, encoding)| encoding)
    }
}

/// What a client says that it takes: names in lower case, with weights in thousandths.
struct Wishes(Vec<(String, u16)>);

impl Wishes {
    fn of(headers: &HeaderMap) -> Self {
        let named = headers
            .get_all(ACCEPT_ENCODING)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(','))
            .filter_map(wish);
        Self(named.collect())
    }

    fn weight(&self, encoding: Encoding) -> u16 {
        let named = |name: &str| self.0.iter().find(|(found, _)| found == name).map(|(_, weight)| *weight);
        let also_by = match encoding {
            Encoding::Gzip => named("x-gzip"),
            Encoding::Identity | Encoding::Brotli => None,
        };
        named(encoding.name()).or(also_by).or_else(|| named("*")).unwrap_or(match encoding {
            // What is not refused may be sent as it is, but is what a client likes least.
            Encoding::Identity => 1,
            Encoding::Gzip | Encoding::Brotli => 0,
        })
    }
}

/// One of the list: `br`, or `gzip;q=0.5`. A weight that is none counts as a refusal.
fn wish(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';');
    let name = parts.next()?.trim().to_ascii_lowercase();
    let weight = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(1_000, |(_, weight)| thousandths(weight.trim()).unwrap_or(0));
    (!name.is_empty()).then_some((name, weight))
}

fn thousandths(weight: &str) -> Option<u16> {
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    if part.len() > 3 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn chosen(accepts: Option<&'static str>) -> Encoding {
        let mut headers = HeaderMap::new();
        if let Some(accepts) = accepts {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepts));
        }
        Encoding::chosen(&headers, |_| true)
    }

    #[test]
    fn a_client_gets_the_form_that_it_likes_best_and_else_the_smallest() {
        use Encoding::{Brotli, Gzip, Identity};
        for (accepts, form) in [
            ("gzip, deflate, br, zstd", Brotli),
            ("GZIP", Gzip),
            ("x-gzip", Gzip),
            ("br;q=0.5, gzip;q=0.9", Gzip),
            ("br;q=0.9,gzip; Q=0.9", Brotli),
            ("br;q=0, *", Gzip),
            ("*", Brotli),
            ("*;q=0, gzip", Gzip),
            ("identity, gzip;q=0.5", Identity),
            ("br;q=0.001", Brotli),
            ("br;q=2, gzip;q=x, deflate", Identity),
            ("br;q=1.0001", Identity),
            ("zstd", Identity),
            ("", Identity),
            (",;=,q=1", Identity),
            ("identity;q=0", Identity),
        ] {
            assert_eq!(chosen(Some(accepts)), form, "{accepts}");
        }
        assert_eq!(chosen(None), Identity);
    }

    #[test]
    fn a_form_that_is_not_there_is_not_chosen() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("br, gzip;q=0.1"));
        assert_eq!(Encoding::chosen(&headers, |form| form != Encoding::Brotli), Encoding::Gzip);
        assert_eq!(Encoding::chosen(&headers, |form| form == Encoding::Identity), Encoding::Identity);
    }
}
