//! Layers in the bytes of a state.

use super::codec::{Damaged, Reader, Writer};
use crate::model::Layer;

/// Writes a layer.
pub fn write_layer(layer: &Layer, to: &mut Writer) {
    let plain = PLAIN.iter().position(|known| known == layer);
    match (plain, layer) {
        (Some(at), _) => to.count(at),
        (None, Layer::Zip(name)) => {
            to.number(100);
            to.text(name);
        }
        (None, Layer::Tar(name)) => {
            to.number(101);
            to.text(name);
        }
        (None, Layer::Notebook(cell)) => {
            to.number(102);
            to.number((*cell).into());
        }
        (None, Layer::Sqlite(page)) => {
            to.number(103);
            to.number((*page).into());
        }
        (None, Layer::Pdf(offset)) => {
            to.number(104);
            to.number(*offset);
        }
        // Every other layer stands in the table; what has no number cannot be read back.
        (None, _) => to.number(u64::MAX),
    }
}

/// Layers that are told by their kind alone, by their numbers in a state.
const PLAIN: [Layer; 15] = [
    Layer::Base64,
    Layer::Base64Url,
    Layer::Hex,
    Layer::Percent,
    Layer::UnicodeEscape,
    Layer::HtmlEntity,
    Layer::Utf16Le,
    Layer::Utf16Be,
    Layer::Gzip,
    Layer::Bzip2,
    Layer::Xz,
    Layer::Zstd,
    Layer::ImageText,
    Layer::Concatenation,
    Layer::Lfs,
];

/// Reads what [`write_layer`] wrote.
pub fn read_layer(from: &mut Reader<'_>) -> Result<Layer, Damaged> {
    Ok(match from.number()? {
        100 => Layer::Zip(from.text()?.to_vec()),
        101 => Layer::Tar(from.text()?.to_vec()),
        102 => Layer::Notebook(from.small()?),
        103 => Layer::Sqlite(from.small()?),
        104 => Layer::Pdf(from.number()?),
        plain => {
            let plain = usize::try_from(plain).map_err(|_| Damaged)?;
            PLAIN.get(plain).cloned().ok_or(Damaged)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_is_read_as_it_was_written() {
        let mut layers = PLAIN.to_vec();
        layers.extend([Layer::Zip(b"a/b".to_vec()), Layer::Tar(Vec::new()), Layer::Notebook(7)]);
        layers.extend([Layer::Sqlite(u32::MAX), Layer::Pdf(u64::MAX)]);
        let mut writer = Writer::default();
        for layer in &layers {
            write_layer(layer, &mut writer);
        }
        let mut reader = Reader::new(&writer.bytes);
        for layer in layers {
            assert_eq!(read_layer(&mut reader), Ok(layer));
        }
        assert!(reader.is_at_end());
        assert_eq!(read_layer(&mut Reader::new(&[99])), Err(Damaged));
    }
}
