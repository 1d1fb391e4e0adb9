//! Markdown: headings and sections of a card, and safe HTML of its text. A leaf module: the only
//! user of pulldown-cmark and ammonia.
