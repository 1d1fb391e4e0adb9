//! The number in a tensor of one element.
//!
//! In: a tensor in either of its forms, a list of typed values or `tensor_content` (the bytes of the
//! array, little-endian). Out: the number, or in words what stands there instead.

use super::proto::Tensor;

/// `DataType` of `tensorflow/core/framework/types.proto`.
mod dtype {
    pub(super) const FLOAT: i32 = 1;
    pub(super) const DOUBLE: i32 = 2;
    pub(super) const INT32: i32 = 3;
    pub(super) const UINT8: i32 = 4;
    pub(super) const INT16: i32 = 5;
    pub(super) const INT8: i32 = 6;
    pub(super) const STRING: i32 = 7;
    pub(super) const INT64: i32 = 9;
    pub(super) const BOOL: i32 = 10;
    pub(super) const BFLOAT16: i32 = 14;
    pub(super) const UINT16: i32 = 17;
    pub(super) const HALF: i32 = 19;
    pub(super) const UINT32: i32 = 22;
    pub(super) const UINT64: i32 = 23;
}

/// The only number of a tensor.
pub(super) fn number(tensor: &Tensor) -> Result<f64, String> {
    let dims = tensor.shape.as_ref().map_or(&[][..], |s| &s.dim[..]);
    if dims.iter().any(|d| d.size != 1) {
        let sizes: Vec<String> = dims.iter().map(|d| d.size.to_string()).collect();
        return Err(format!("a tensor of shape ({})", sizes.join(", ")));
    }
    if tensor.dtype == dtype::STRING {
        return Err("a tensor of text".to_owned());
    }
    let found = if tensor.content.is_empty() { listed(tensor) } else { packed(tensor.dtype, &tensor.content) };
    found.ok_or_else(|| format!("a tensor of type {} without one number in it", tensor.dtype))
}

#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are shown rounded, as TensorBoard does")]
fn listed(tensor: &Tensor) -> Option<f64> {
    fn only<T: Copy>(values: &[T]) -> Option<T> {
        match values {
            [one] => Some(*one),
            _ => None,
        }
    }
    match tensor.dtype {
        dtype::FLOAT => only(&tensor.floats).map(f64::from),
        dtype::DOUBLE => only(&tensor.doubles),
        dtype::INT32 | dtype::UINT8 | dtype::INT16 | dtype::INT8 | dtype::UINT16 => only(&tensor.ints).map(f64::from),
        dtype::INT64 => only(&tensor.longs).map(|v| v as f64),
        dtype::UINT32 => only(&tensor.uints).map(f64::from),
        dtype::UINT64 => only(&tensor.ulongs).map(|v| v as f64),
        dtype::BOOL => only(&tensor.bools).map(|v| f64::from(u8::from(v))),
        dtype::HALF => only(&tensor.halves).and_then(|v| u16::try_from(v).ok()).map(half),
        dtype::BFLOAT16 => only(&tensor.halves).and_then(|v| u16::try_from(v).ok()).map(bfloat),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are shown rounded, as TensorBoard does")]
fn packed(dtype: i32, content: &[u8]) -> Option<f64> {
    fn bytes<const N: usize>(content: &[u8]) -> Option<[u8; N]> {
        content.try_into().ok()
    }
    Some(match dtype {
        dtype::FLOAT => f64::from(f32::from_le_bytes(bytes(content)?)),
        dtype::DOUBLE => f64::from_le_bytes(bytes(content)?),
        dtype::INT32 => f64::from(i32::from_le_bytes(bytes(content)?)),
        dtype::INT16 => f64::from(i16::from_le_bytes(bytes(content)?)),
        dtype::INT8 => f64::from(i8::from_le_bytes(bytes(content)?)),
        dtype::INT64 => i64::from_le_bytes(bytes(content)?) as f64,
        dtype::UINT8 | dtype::BOOL => f64::from(u8::from_le_bytes(bytes(content)?)),
        dtype::UINT16 => f64::from(u16::from_le_bytes(bytes(content)?)),
        dtype::UINT32 => f64::from(u32::from_le_bytes(bytes(content)?)),
        dtype::UINT64 => u64::from_le_bytes(bytes(content)?) as f64,
        dtype::HALF => half(u16::from_le_bytes(bytes(content)?)),
        dtype::BFLOAT16 => bfloat(u16::from_le_bytes(bytes(content)?)),
        _ => return None,
    })
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        exponent => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}

/// The upper half of a binary32.
fn bfloat(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

#[cfg(test)]
mod tests {
    use super::super::proto::{Dim, Shape, Tensor};
    use super::{dtype, half, number};

    #[test]
    fn halves_are_what_numpy_says() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x0400, 6.103_515_625e-5),
            (0x3555, 0.333_251_953_125),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn both_forms_of_every_type_are_read() {
        let content = |dtype, content: &[u8]| number(&Tensor { dtype, content: content.to_vec(), ..Tensor::default() });
        assert_eq!(content(dtype::FLOAT, &0.5f32.to_le_bytes()), Ok(0.5));
        assert_eq!(content(dtype::DOUBLE, &0.1f64.to_le_bytes()), Ok(0.1));
        assert_eq!(content(dtype::INT64, &(-7i64).to_le_bytes()), Ok(-7.0));
        assert_eq!(content(dtype::UINT8, &[200]), Ok(200.0));
        assert_eq!(content(dtype::BFLOAT16, &[0x80, 0x3f]), Ok(1.0));
        assert_eq!(number(&Tensor { dtype: dtype::HALF, halves: vec![0x3c00], ..Tensor::default() }), Ok(1.0));
        assert_eq!(number(&Tensor { dtype: dtype::INT32, ints: vec![3], ..Tensor::default() }), Ok(3.0));
        assert_eq!(number(&Tensor { dtype: dtype::BOOL, bools: vec![true], ..Tensor::default() }), Ok(1.0));
    }

    #[test]
    fn what_is_no_single_number_is_refused() {
        assert!(number(&Tensor { dtype: dtype::FLOAT, content: vec![0; 8], ..Tensor::default() }).is_err());
        assert!(number(&Tensor { dtype: dtype::FLOAT, ..Tensor::default() }).is_err());
        assert!(number(&Tensor { dtype: dtype::FLOAT, floats: vec![1.0, 2.0], ..Tensor::default() }).is_err());
        assert!(number(&Tensor { dtype: dtype::STRING, strings: vec![b"0.9".to_vec()], ..Tensor::default() }).is_err());
        let shape = Some(Shape { dim: vec![Dim { size: 2 }] });
        assert!(number(&Tensor { dtype: dtype::FLOAT, floats: vec![1.0], shape, ..Tensor::default() }).is_err());
        assert!(number(&Tensor { dtype: 99, content: vec![1], ..Tensor::default() }).is_err());
    }
}
