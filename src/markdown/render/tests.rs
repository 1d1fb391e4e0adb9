//! What rendering promises: safe, balanced, complete.

use proptest::prelude::*;

use super::items::RAW_TAGS;
use super::*;

fn html(markdown: &str) -> String {
    render(markdown, &RenderOptions { id_prefix: "c-", ..RenderOptions::default() }).0
}

/// Without line breaks, which mean nothing between blocks.
fn flat(markdown: &str) -> String {
    html(markdown).replace('\n', "")
}

#[test]
fn the_list_of_tags_is_sorted() {
    assert!(RAW_TAGS.is_sorted_by(|a, b| a.name < b.name));
}

#[test]
fn headings_shift_and_get_ids_once() {
    assert_eq!(
        flat("# A `b`\n## A b\n###### x\n[to](#a-b) [no](#none)"),
        "<h2 id=\"c-a-b\">A <code>b</code></h2><h3 id=\"c-a-b-1\">A b</h3><h6 id=\"c-x\">x</h6><p><a href=\"#c-a-b\">to</a> no</p>"
    );
}

#[test]
fn github_flavour() {
    assert_eq!(
        flat("> [!WARNING]\n> Hot."),
        "<div class=\"alert alert-warning\"><p class=\"alert-title\">Warning</p><p>Hot.</p></div>"
    );
    assert_eq!(
        flat("- [x] a\n- [ ] b ~~c~~"),
        "<ul><li class=\"task-item\"><span class=\"task task-done\" role=\"img\" aria-label=\"done\">☑</span> a</li>\
         <li class=\"task-item\"><span class=\"task task-open\" role=\"img\" aria-label=\"open\">☐</span> b <del>c</del></li></ul>"
    );
    assert_eq!(
        flat("| A | B |\n|---|--:|\n| 1 | 2 |"),
        "<div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table: A, B\"><table><thead><tr><th scope=\"col\">A</th>\
         <th scope=\"col\" class=\"align-right\">B</th></tr></thead><tbody><tr><td>1</td><td class=\"align-right\">2</td></tr></tbody></table></div>"
    );
    assert_eq!(
        flat("A[^n] b[^n].\n\n[^n]: Note."),
        "<p>A<sup class=\"footnote-ref\"><a href=\"#c-fn-1\" id=\"c-fnref-1\" aria-label=\"note 1\">1</a></sup> \
         b<sup class=\"footnote-ref\"><a href=\"#c-fn-1\" aria-label=\"note 1\">1</a></sup>.</p>\
         <section class=\"footnotes\" role=\"doc-endnotes\" aria-label=\"Notes\"><ol><li id=\"c-fn-1\"><p>Note.</p>\
         <a class=\"footnote-back\" href=\"#c-fnref-1\" aria-label=\"back to the text\">↩</a></li></ol></section>"
    );
    assert_eq!(flat("Term\n: Meaning -- \"as is\""), "<dl><dt>Term</dt><dd>Meaning -- \"as is\"</dd></dl>");
    assert_eq!(flat("```C++ x\na<b\n```"), "<pre tabindex=\"0\"><code class=\"language-c++\">a&lt;b</code></pre>");
    assert_eq!(flat("```\"><script>\na\n```"), "<pre tabindex=\"0\"><code>a</code></pre>");
}

#[test]
fn links_lead_out_or_nowhere() {
    assert_eq!(
        flat("[a](https://x.y \"t\") [b](b.md) [c](javascript:x) http://z.w."),
        "<p><a href=\"https://x.y\" rel=\"nofollow noopener noreferrer\">a</a> <span class=\"link-ref\" title=\"b.md\">b</span> c \
         <a href=\"http://z.w\" rel=\"nofollow noopener noreferrer\">http://z.w</a>.</p>"
    );
    let options = RenderOptions { relative_links: true, ..RenderOptions::default() };
    assert_eq!(render("[b](b.md)", &options).as_str(), "<p><a href=\"b.md\">b</a></p>\n");
}

#[test]
fn images_are_named_and_not_loaded() {
    assert_eq!(
        flat(
            "![A *b*](https://x.y/i.png) ![](i/c.png) ![d](data:image/png;base64,x) [![e](https://x.y/e.svg)](https://x.y)"
        ),
        "<p><a class=\"img-ref\" href=\"https://x.y/i.png\" rel=\"nofollow noopener noreferrer\">A b</a> \
         <span class=\"img-ref\">c.png <code>i/c.png</code></span> <span class=\"img-ref\">d</span> \
         <a href=\"https://x.y\" rel=\"nofollow noopener noreferrer\"><span class=\"img-ref\">e</span></a></p>"
    );
    assert_eq!(
        flat("<p align=center><img src=\"a.png\" alt='A &amp; B'></p>"),
        "<p><span class=\"img-ref\">A &amp; B <code>a.png</code></span></p>"
    );
}

#[test]
fn raw_html_is_a_request() {
    for (markdown, expected) in [
        ("a<br>b<sup>2</sup> <b onclick=x>c</b>", "<p>a<br>b<sup>2</sup> <b>c</b></p>"),
        (
            "<details><summary>S</summary>\n\n**t**\n\n</details>",
            "<details><summary>S</summary><p><strong>t</strong></p></details>",
        ),
        ("<details><summary>x</summary>\n\nafter", "<summary>x</summary><p>after</p>"),
        ("<b>a <i>b</b> c</i>", "<p><b>a b</b> c</p>"),
        ("*a <b>b* c</b>", "<p><em>a b</em> c</p>"),
        ("<center>\n<font color=red>x</font>\n</center>", "<p>x</p>"),
        ("<p align=center>\n\ntext\n\n</p>", "<p>text</p>"),
        ("<p>one</p><p>two</p>", "<p>one</p><p>two</p>"),
        ("x <!-- c --> y <!-- open", "<p>x  y &lt;!-- open</p>"),
        ("<!-- open\n\nafter", "<p>&lt;!-- openafter</p>"),
        ("<script>x</script>\n\nafter", "<p>after</p>"),
        ("<h1 align=center>T</h1>", "<h2>T</h2>"),
        (
            "<a href=javascript:x>a</a> <a href='https://x.y'>b <a href='https://z'>c</a></a>",
            "<p>a <a href=\"https://x.y\" rel=\"nofollow noopener noreferrer\">b c</a></p>",
        ),
        (
            "<table><tr><td>1</td></tr></table>",
            "<div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table><tbody><tr><td>1</td></tr></tbody></table></div>",
        ),
    ] {
        assert_eq!(flat(markdown), expected, "{markdown}");
    }
}

#[test]
fn what_is_too_long_or_too_deep_says_so_or_stays_flat() {
    let options = RenderOptions { max_bytes: 100, ..RenderOptions::default() };
    assert!(render(&"é ".repeat(100), &options).as_str().ends_with("too long.</p>\n"));
    let deep = html(&format!("{}deep", "> ".repeat(200)));
    assert_eq!(deep.matches("<blockquote>").count(), MAX_DEPTH);
    assert!(deep.contains("deep"));
    assert!(html(&format!("{}x", "<div>\n\n".repeat(100))).contains('x'));
}

/// Panics unless tags are balanced and from the list, and attributes harmless.
fn check(markup: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').map(|i| at + i).unwrap();
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        assert!(
            !matches!(
                name,
                "script" | "style" | "svg" | "math" | "img" | "iframe" | "object" | "form" | "input" | "meta" | "link"
            ),
            "{tag}"
        );
        for attribute in
            tag.split("\" ").filter_map(|a| a.split_once("=\"")).map(|(name, _)| name.rsplit(' ').next().unwrap())
        {
            assert!(!attribute.starts_with("on") && attribute != "style" && attribute != "src", "{tag}");
        }
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{markup}");
        } else if !matches!(name, "br" | "hr") {
            open.push(name);
        }
        assert!(open.len() <= MAX_DEPTH + 4, "{}", open.len());
    }
    assert_eq!(open, Vec::<&str>::new(), "{markup}");
    let lower = markup.to_lowercase();
    assert!(!lower.contains("href=\"javascript") && !lower.contains("<script"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_harmless(parts in proptest::collection::vec(prop_oneof![
        "[ -~\n]{0,12}",
        proptest::sample::select(vec![
            "<", ">", "</", "<b>", "</b>", "<p>", "</p>", "<td>", "<table>", "</table>", "<tr>", "<a href=\"", "<a href='javascript:x'>", "</a>",
            "<script>", "</script>", "<svg onload=x>", "<math>", "<details>", "</details>", "<summary>", "<!--", "-->", "<style>", "</style>",
            "onclick=\"x\"", "\n\n", "\n> ", "\n- ", "\n1. ", "\n| a | b |\n|---|---|\n| ", "](javascript:x)", "[a](", "![", "](x)", "[^1]", "\n[^1]: ",
            "```", "`", "**", "~~", "$", "&lt;", "&#x3c;", "\u{0}", "\u{202e}", "\n# ", "\n: ", "<pre>", "</pre>", "<code>", "<h1>", "</h1>", "<li>", "<ul>",
        ]).prop_map(str::to_owned),
    ], 0..40)) {
        let markdown = parts.concat();
        let once = html(&markdown);
        check(&once);
        prop_assert_eq!(sanitise::clean(&once), once);
    }
}
