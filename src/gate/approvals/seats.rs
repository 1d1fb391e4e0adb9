//! Seats and people: who fills what, so that as many seats as can be are filled.
//!
//! In: how many seats there are of each kind, and which people may take which. Out: the person of each seat. It
//! knows neither roles nor signatures; the order of what it is given decides between equals.

/// Gives people to seats, each at most one, as many as can be (a maximum bipartite matching by augmenting paths; Kuhn
/// 1955). `may[person][kind]` says who may sit where. Out: per kind the person of each filled seat.
pub(in crate::gate) fn assign(counts: &[usize], may: &[Vec<bool>]) -> Vec<Vec<usize>> {
    let kinds: Vec<usize> =
        counts.iter().enumerate().flat_map(|(kind, count)| std::iter::repeat_n(kind, *count)).collect();
    let mut taken: Vec<Option<usize>> = vec![None; kinds.len()];
    for person in 0..may.len() {
        // A person who cannot sit leaves those who can where they are.
        seat(person, &kinds, may, &mut taken, &mut vec![false; kinds.len()]);
    }
    let mut out = vec![Vec::new(); counts.len()];
    for (kind, person) in kinds.iter().zip(taken) {
        if let (Some(list), Some(person)) = (out.get_mut(*kind), person) {
            list.push(person);
        }
    }
    out.iter_mut().for_each(|people| people.sort_unstable());
    out
}

/// Seats a person, moving others to other seats if need be; false when that cannot be.
fn seat(person: usize, kinds: &[usize], may: &[Vec<bool>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for (at, kind) in kinds.iter().enumerate() {
        let allowed = may.get(person).and_then(|kinds| kinds.get(*kind)).is_some_and(|may| *may);
        let known = seen.get(at).is_none_or(|seen| *seen);
        if !allowed || known {
            continue;
        }
        if let Some(seen) = seen.get_mut(at) {
            *seen = true;
        }
        let free = match taken.get(at).copied().flatten() {
            None => true,
            Some(other) => seat(other, kinds, may, taken, seen),
        };
        if free && let Some(place) = taken.get_mut(at) {
            *place = Some(person);
            return true;
        }
    }
    false
}

/// Which of some signatures are by the same person: those that share a name or a key, also by way of others. One key
/// that may speak for several names is one person, and so are several keys of one name.
pub(super) fn people(signatures: &[(&str, &str)]) -> Vec<usize> {
    let mut of: Vec<usize> = (0..signatures.len()).collect();
    for (i, (name, key)) in signatures.iter().enumerate() {
        let same = signatures.iter().take(i).zip(of.clone()).filter(|((n, k), _)| n == name || k == key);
        let joined: Vec<usize> = same.map(|(_, person)| person).collect();
        let Some(first) = joined.iter().copied().min() else { continue };
        for person in of.iter_mut().take(i + 1) {
            if joined.contains(person) || *person == i {
                *person = first;
            }
        }
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_found_if_there_is_one() {
        // The first person could take either seat; the second only the one that the first takes first.
        assert_eq!(assign(&[1, 1], &[vec![true, true], vec![true, false]]), [[1], [0]]);
        assert_eq!(assign(&[2, 1], &[vec![true, false], vec![true, true], vec![true, false]]), [vec![0, 2], vec![1]]);
        assert_eq!(assign(&[1], &[vec![false]]), [[0_usize; 0]]);
        let all: Vec<Vec<bool>> = (0..50).map(|i| (0..50).map(|k| k <= 49 - i).collect()).collect();
        assert_eq!(assign(&[1; 50], &all).iter().flatten().count(), 50);
    }

    #[test]
    fn one_key_or_one_name_is_one_person() {
        assert_eq!(people(&[("a", "1"), ("b", "2"), ("a", "3"), ("c", "2")]), [0, 1, 0, 1]);
        // Two people turn out to be one when a third signature joins them.
        assert_eq!(people(&[("a", "1"), ("b", "2"), ("a", "2")]), [0, 0, 0]);
    }
}
