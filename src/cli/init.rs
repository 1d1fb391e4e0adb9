//! stub
pub(super) fn run(_g: &super::args::Global, _t: &mut super::terminal::Terminal) -> u8 {
    70
}
