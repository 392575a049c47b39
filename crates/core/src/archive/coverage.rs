//! What an archive's segments cover: what is left to be written, and which of them hold what was taken back since.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use huis_proto::{ConversationId, IncarnationId};

use super::{Outline, Span};

/// What all segments cover, by logs.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    logs: BTreeMap<(ConversationId, IncarnationId), Vec<(Span, u64)>>,
}

impl Coverage {
    /// From the outlines of all segments, with their numbers.
    pub fn of<'a>(segments: impl IntoIterator<Item = (u64, &'a Outline)>) -> Self {
        let mut coverage = Self::default();
        for (number, outline) in segments {
            for span in &outline.spans {
                coverage.logs.entry((span.conversation, span.incarnation)).or_default().push((*span, number));
            }
        }
        for spans in coverage.logs.values_mut() {
            spans.sort_unstable_by_key(|(span, number)| (span.from, span.to, *number));
        }
        coverage
    }

    /// The places from `from` to `to` of a log that no segment covers, in their order: what a device that has them writes.
    /// Of two devices the one whose head comes second asks again, and finds nothing left, or less.
    pub fn gaps(
        &self,
        conversation: ConversationId,
        incarnation: IncarnationId,
        from: u64,
        to: u64,
    ) -> Vec<RangeInclusive<u64>> {
        let (mut gaps, mut next) = (Vec::new(), Some(from));
        for span in self.spans(conversation, incarnation) {
            match next {
                Some(place) if place <= to && span.from <= to => {
                    if let Some(last) = span.from.checked_sub(1).filter(|last| *last >= place) {
                        gaps.push(place..=last);
                    }
                    // Behind the last place there is none.
                    next = span.to.checked_add(1).map(|behind| behind.max(place));
                }
                _ => break,
            }
        }
        gaps.extend(next.filter(|place| *place <= to).map(|place| place..=to));
        gaps
    }

    /// The segments in which something stands that was at `place` of a log, and was taken back at `done`, a later place of
    /// the same log: they are to be sealed anew without it.
    pub fn holding(&self, conversation: ConversationId, incarnation: IncarnationId, place: u64, done: u64) -> Vec<u64> {
        let spans = self.logs.get(&(conversation, incarnation)).into_iter().flatten();
        let holds = |(span, _): &&(Span, u64)| (span.from..=span.to).contains(&place) && span.as_of < done;
        spans.filter(holds).map(|(_, number)| *number).collect()
    }

    fn spans(&self, conversation: ConversationId, incarnation: IncarnationId) -> impl Iterator<Item = &Span> {
        self.logs.get(&(conversation, incarnation)).into_iter().flatten().map(|(span, _)| span)
    }
}

/// The numbers of segments in the order of a restore: what has the newest message comes first.
pub fn restore_order<'a>(segments: impl IntoIterator<Item = (u64, &'a Outline)>) -> Vec<u64> {
    let mut order: Vec<_> =
        segments.into_iter().map(|(number, outline)| (Reverse(outline.to_ms), Reverse(number))).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, Reverse(number))| number).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOG: (ConversationId, IncarnationId) =
        (ConversationId::from_bytes([1; 16]), IncarnationId::from_bytes([2; 16]));

    fn outline(spans: &[(u64, u64)], as_of: u64) -> Outline {
        let (conversation, incarnation) = LOG;
        let span = |&(from, to): &(u64, u64)| Span { conversation, incarnation, from, to, as_of };
        Outline { from_ms: 0, to_ms: 0, records: 0, spans: spans.iter().map(span).collect() }
    }

    fn coverage(segments: &[Outline]) -> Coverage {
        Coverage::of((1..).zip(segments))
    }

    fn gaps(segments: &[Outline], from: u64, to: u64) -> Vec<RangeInclusive<u64>> {
        coverage(segments).gaps(LOG.0, LOG.1, from, to)
    }

    #[test]
    fn what_no_segment_covers_is_left_to_be_written() {
        assert_eq!(gaps(&[], 3, 9), [3..=9]);
        assert_eq!(gaps(&[outline(&[(1, 4), (6, 6)], 9)], 3, 9), [5..=5, 7..=9]);
        assert_eq!(gaps(&[outline(&[(8, 20)], 20), outline(&[(1, 4)], 9)], 1, 9), [5..=7]);
        assert_eq!(gaps(&[outline(&[(2, 8)], 9), outline(&[(3, 4)], 9)], 1, 9), [1..=1, 9..=9]);
        assert!(gaps(&[outline(&[(0, u64::MAX)], 9)], 0, u64::MAX).is_empty());
        assert_eq!(gaps(&[outline(&[(0, 0)], 9)], 0, u64::MAX), [1..=u64::MAX]);
        assert!(gaps(&[], 9, 3).is_empty());
        let other_life = IncarnationId::from_bytes([3; 16]);
        assert_eq!(coverage(&[outline(&[(1, 9)], 9)]).gaps(LOG.0, other_life, 1, 9), [1..=9]);
    }

    #[test]
    fn what_was_taken_back_since_stands_where_it_is_covered_as_of_before() {
        let segments = [outline(&[(1, 10)], 10), outline(&[(5, 6), (20, 30)], 15), outline(&[(11, 19)], 40)];
        let holding = |place, done| coverage(&segments).holding(LOG.0, LOG.1, place, done);
        assert_eq!(holding(5, 12), [1]);
        assert_eq!(holding(5, 16), [1, 2]);
        assert!(holding(5, 10).is_empty());
        assert!(holding(12, 40).is_empty());
        assert_eq!(holding(12, 41), [3]);
    }

    #[test]
    fn a_restore_begins_with_what_is_newest() {
        let at = |to_ms| Outline { to_ms, ..outline(&[], 0) };
        let segments = [(1, at(50)), (2, at(10)), (3, at(50)), (4, at(90))];
        assert_eq!(restore_order(segments.iter().map(|(number, outline)| (*number, outline))), [4, 3, 1, 2]);
    }

    proptest! {
        /// Devices that know different ends of a log write what they find missing, in any order, each with what it knew of
        /// the archive then. The server takes the next head alone; who comes second asks again.
        #[test]
        fn devices_that_write_at_once_write_nothing_twice(
            turns in prop::collection::vec((0..3_usize, 1..60_u64, any::<bool>()), 1..40)
        ) {
            let mut archive: Vec<Outline> = Vec::new();
            let mut known: [Vec<Outline>; 3] = Default::default();
            let mut newest = 0;
            for (device, head, fetches_first) in turns {
                if fetches_first {
                    known[device] = archive.clone();
                }
                let writes = |known: &[Outline]| {
                    let spans: Vec<_> = gaps(known, 1, head).iter().map(|gap| (*gap.start(), *gap.end())).collect();
                    (known.len() + 1, outline(&spans, head))
                };
                let (mut number, mut segment) = writes(&known[device]);
                if number != archive.len() + 1 {
                    known[device] = archive.clone();
                    (number, segment) = writes(&known[device]);
                }
                prop_assert_eq!(number, archive.len() + 1);
                archive.push(segment);
                newest = newest.max(head);
            }
            for place in 1..=newest {
                let covered = archive.iter().filter(|outline| outline.span_of(LOG.0, LOG.1, place).is_some()).count();
                prop_assert_eq!(covered, 1, "place {}", place);
            }
            prop_assert!(gaps(&archive, 1, newest).is_empty());
        }
    }
}
