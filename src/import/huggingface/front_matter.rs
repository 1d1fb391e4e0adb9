//! Where the front matter of a card begins and ends.

/// The YAML at the top of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrontMatter<'a> {
    /// The text between the two lines of `---`.
    pub(crate) yaml: &'a str,
    /// 1-based line of the file on which it begins.
    pub(crate) first_line: u32,
}

/// Splits a text into front matter, body, and the 1-based line on which the body begins.
///
/// Blank lines may stand before the block, white space around its `---`; it ends at a line of `---`
/// and nowhere else. Without an end there is no front matter and everything is body.
pub(crate) fn split_front_matter(text: &str) -> (Option<FrontMatter<'_>>, &str, u32) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole = (None, text, 1);
    let mut start: Option<(usize, u32)> = None;
    let mut at = 0;
    for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
        let bare = line.trim_end();
        let next = at + line.len();
        match start {
            None if bare.is_empty() => {}
            None if bare.trim_start() == "---" => start = Some((next, number)),
            None => return whole,
            Some((from, first)) if bare == "---" => {
                let matter = FrontMatter { yaml: &text[from..at], first_line: first + 1 };
                return (Some(matter), &text[next..], number.saturating_add(1));
            }
            Some(_) => {}
        }
        at = next;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_found_where_people_put_it() {
        let split = |text| {
            let (matter, body, line) = split_front_matter(text);
            (matter.map(|m| (m.yaml, m.first_line)), body, line)
        };
        assert_eq!(split("---\na: 1\n---\nbody"), (Some(("a: 1\n", 2)), "body", 4));
        assert_eq!(split("\n \n---  \r\na: 1\r\n---\t\r\nbody"), (Some(("a: 1\r\n", 4)), "body", 6));
        assert_eq!(split("---\n---\nbody"), (Some(("", 2)), "body", 3));
        assert_eq!(split("---\na: |\n  ---\n---"), (Some(("a: |\n  ---\n", 2)), "", 5));
        assert_eq!(split("---\na: 1\n----\n"), (None, "---\na: 1\n----\n", 1));
        assert_eq!(split("# T\n---\na\n---\n"), (None, "# T\n---\na\n---\n", 1));
        assert_eq!(split("----\na\n----\n").0, None);
        assert_eq!(split(""), (None, "", 1));
    }
}
