//! What decompresses.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::gzip::{Header, TRAILER};
use super::{Codec, Format, Malformed, Progress, gzip};

/// A decompression of one format.
pub(super) struct Inflate {
    decompress: Decompress,
    /// Of the output, for gzip.
    crc: Option<Crc>,
    part: Part,
    /// Whether output was left behind for lack of room.
    behind: bool,
}

/// What the next byte of the input belongs to.
enum Part {
    Header(Header),
    Body,
    Trailer(Vec<u8>),
    /// Nothing may follow.
    End,
}

impl Inflate {
    pub(super) fn new(format: Format) -> Self {
        let gzip = format == Format::Gzip;
        Self {
            decompress: Decompress::new(format == Format::Deflate),
            crc: gzip.then(Crc::new),
            part: match gzip {
                true => Part::Header(Header::default()),
                false => Part::Body,
            },
            behind: false,
        }
    }

    /// One step of the decompression proper.
    fn decompress(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<(), Malformed> {
        let (before_in, before_out) = (self.decompress.total_in(), output.len());
        let flush = FlushDecompress::None;
        let status = self.decompress.decompress_vec(input, output, flush);
        let status = status.map_err(|_| Malformed("the compressed data is not valid"))?;
        let taken = (self.decompress.total_in() - before_in) as usize;
        if taken == 0 && output.len() == before_out && status != Status::StreamEnd {
            // It has all that it can use, or wants none of what is there.
            self.behind = false;
            return match input.is_empty() {
                true => Ok(()),
                false => Err(Malformed("the compressed data is not valid")),
            };
        }
        *input = &input[taken..];
        if let Some(crc) = &mut self.crc {
            crc.update(&output[before_out..]);
        }
        self.behind = output.len() == output.capacity();
        if status == Status::StreamEnd {
            self.behind = false;
            self.part = match self.crc {
                Some(_) => Part::Trailer(Vec::with_capacity(TRAILER)),
                None => Part::End,
            };
        }
        Ok(())
    }

    /// Whether the trailer of what was decompressed is this.
    fn check(&self, trailer: &[u8]) -> Result<(), Malformed> {
        match &self.crc {
            Some(crc) if gzip::trailer(crc) == trailer => Ok(()),
            _ => Err(Malformed("the checksum of the compressed data is wrong")),
        }
    }
}

impl Codec for Inflate {
    fn run(
        &mut self,
        input: &mut &[u8],
        last: bool,
        output: &mut Vec<u8>,
    ) -> Result<Progress, Malformed> {
        while !input.is_empty() || self.behind {
            match &mut self.part {
                Part::Header(header) => {
                    if header.push(first(input))? {
                        self.part = Part::Body;
                    }
                }
                Part::Body if output.len() == output.capacity() => return Ok(Progress::Room),
                Part::Body => self.decompress(input, output)?,
                Part::Trailer(trailer) => {
                    trailer.push(first(input));
                    if trailer.len() == TRAILER {
                        let trailer = std::mem::take(trailer);
                        self.check(&trailer)?;
                        self.part = Part::End;
                    }
                }
                // What came before is good output.
                Part::End if !output.is_empty() => return Ok(Progress::Room),
                Part::End => return Err(Malformed("data follows the compressed data")),
            }
        }
        if last && !matches!(self.part, Part::End) {
            return Err(Malformed("the compressed data ends early"));
        }
        Ok(Progress::Input)
    }
}

/// Takes the first byte of an input that has one.
fn first(input: &mut &[u8]) -> u8 {
    match input.split_first() {
        Some((byte, rest)) => {
            *input = rest;
            *byte
        }
        None => 0,
    }
}
