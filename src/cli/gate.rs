//! stub
pub(super) fn run(_g: &super::args::Global, _o: &super::args::Gate, _t: &mut super::terminal::Terminal) -> u8 {
    70
}
