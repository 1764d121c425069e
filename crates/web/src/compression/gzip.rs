//! The [file format of gzip](https://www.rfc-editor.org/rfc/rfc1952), of one member.

use flate2::Crc;

use super::Malformed;

/// The header that compression writes: no name, no time, unknown operating system.
pub(super) const HEADER: [u8; 10] = [0x1F, 0x8B, DEFLATE, 0, 0, 0, 0, 0, 0, 0xFF];

/// How many bytes a trailer has.
pub(super) const TRAILER: usize = 8;

/// The compression method.
const DEFLATE: u8 = 8;

// Flags.
const FHCRC: u8 = 1 << 1;
const FEXTRA: u8 = 1 << 2;
const FNAME: u8 = 1 << 3;
const FCOMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// The trailer of data with this checksum.
pub(super) fn trailer(crc: &Crc) -> [u8; TRAILER] {
    let mut trailer = [0; TRAILER];
    trailer[..4].copy_from_slice(&crc.sum().to_le_bytes());
    trailer[4..].copy_from_slice(&crc.amount().to_le_bytes());
    trailer
}

/// A header that is being read, byte for byte.
#[derive(Default)]
pub(super) struct Header {
    field: Field,
    /// How many bytes of `field` were read.
    count: usize,
    flags: u8,
    /// The length of the extra field, or the checksum that the header should have.
    number: u16,
    crc: Crc,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Field {
    #[default]
    Fixed,
    ExtraLength,
    Extra,
    Name,
    Comment,
    Checksum,
}

impl Header {
    /// Takes a byte; whether it is the last of the header.
    pub(super) fn push(&mut self, byte: u8) -> Result<bool, Malformed> {
        let sum = self.crc.sum();
        self.crc.update(&[byte]);
        let index = self.count;
        self.count += 1;
        match self.field {
            Field::Fixed => {
                let expected = [0x1F, 0x8B, DEFLATE];
                if expected
                    .get(index)
                    .is_some_and(|expected| byte != *expected)
                {
                    return Err(Malformed("the gzip header is not valid"));
                }
                if index == 3 {
                    self.flags = byte;
                }
                if byte & RESERVED != 0 && index == 3 {
                    return Err(Malformed("the gzip header has an unknown flag"));
                }
                Ok(index == HEADER.len() - 1 && self.next_field())
            }
            Field::ExtraLength => {
                self.number |= u16::from(byte) << (8 * index);
                Ok(index == 1 && self.next_field())
            }
            Field::Extra => Ok(self.count == usize::from(self.number) && self.next_field()),
            Field::Name | Field::Comment => Ok(byte == 0 && self.next_field()),
            Field::Checksum => {
                if index == 0 {
                    self.number = (sum & 0xFFFF) as u16;
                }
                if byte != self.number.to_le_bytes()[index] {
                    return Err(Malformed("the checksum of the gzip header is wrong"));
                }
                Ok(index == 1)
            }
        }
    }

    /// Goes on to the next field that is there; whether there is none.
    fn next_field(&mut self) -> bool {
        self.count = 0;
        loop {
            let (next, flag) = match self.field {
                Field::Fixed => (Field::ExtraLength, FEXTRA),
                Field::ExtraLength => (Field::Extra, FEXTRA),
                Field::Extra => (Field::Name, FNAME),
                Field::Name => (Field::Comment, FCOMMENT),
                Field::Comment => (Field::Checksum, FHCRC),
                Field::Checksum => return true,
            };
            self.field = next;
            let empty = next == Field::Extra && self.number == 0;
            if self.flags & flag != 0 && !empty {
                return false;
            }
        }
    }
}
