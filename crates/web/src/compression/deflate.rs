//! What compresses.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::{Codec, Format, Malformed, Progress, gzip};

/// A compression of one format.
pub(super) struct Deflate {
    compress: Compress,
    /// Of the input, for gzip.
    crc: Option<Crc>,
    /// What is around the compressed data and waits for room.
    frame: Vec<u8>,
    ended: bool,
}

impl Deflate {
    pub(super) fn new(format: Format) -> Self {
        let gzip = format == Format::Gzip;
        Self {
            compress: Compress::new(Compression::default(), format == Format::Deflate),
            crc: gzip.then(Crc::new),
            frame: if gzip {
                gzip::HEADER.to_vec()
            } else {
                Vec::new()
            },
            ended: false,
        }
    }

    /// Moves of the frame to `output` what there is room for; whether that was all.
    fn drain_frame(&mut self, output: &mut Vec<u8>) -> bool {
        let room = output.capacity() - output.len();
        let count = room.min(self.frame.len());
        output.extend(self.frame.drain(..count));
        self.frame.is_empty()
    }

    /// One step of the compression proper.
    fn compress(
        &mut self,
        input: &mut &[u8],
        last: bool,
        output: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        let flush = match last {
            true => FlushCompress::Finish,
            false => FlushCompress::None,
        };
        const FAILED: Malformed = Malformed("the data cannot be compressed");
        let (before_in, before_out) = (self.compress.total_in(), output.len());
        let status = self.compress.compress_vec(input, output, flush);
        let status = status.map_err(|_| FAILED)?;
        let (taken, rest) = input.split_at((self.compress.total_in() - before_in) as usize);
        *input = rest;
        if taken.is_empty() && output.len() == before_out && status != Status::StreamEnd {
            return Err(FAILED);
        }
        if let Some(crc) = &mut self.crc {
            crc.update(taken);
        }
        if status == Status::StreamEnd {
            self.ended = true;
            if let Some(crc) = &self.crc {
                self.frame = gzip::trailer(crc).to_vec();
            }
        }
        Ok(())
    }
}

impl Codec for Deflate {
    fn run(
        &mut self,
        input: &mut &[u8],
        last: bool,
        output: &mut Vec<u8>,
    ) -> Result<Progress, Malformed> {
        if input.is_empty() && !last {
            return Ok(Progress::Input);
        }
        if !self.drain_frame(output) {
            return Ok(Progress::Room);
        }
        while !self.ended {
            if output.len() == output.capacity() {
                return Ok(Progress::Room);
            }
            if input.is_empty() && !last {
                return Ok(Progress::Input);
            }
            self.compress(input, last, output)?;
        }
        match self.drain_frame(output) {
            true => Ok(Progress::Input),
            false => Ok(Progress::Room),
        }
    }
}
