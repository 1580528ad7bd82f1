import { SostenutoError } from '../../errors/problem.ts';

/** Sound as numbers: channels mixed to one, full scale = 1. */
export interface Pcm {
  readonly samples: Float32Array;
  readonly rate: number;
}

const integer = 1;
const float = 3;
const extensible = 0xfffe;

/** Reads a RIFF/WAVE file of 8 to 32-bit integers or floats. Throws `BAD_WAV`. A data chunk that ends early is read as far as it goes. */
export function readWav(bytes: Uint8Array): Pcm {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WAVE') throw bad('the file does not begin as RIFF/WAVE');
  let format: { code: number; channels: number; rate: number; bits: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(view, at) === 'fmt ' && body + 16 <= bytes.length) {
      const code = view.getUint16(body, true);
      format = {
        code: code === extensible && body + 26 <= bytes.length ? view.getUint16(body + 24, true) : code,
        channels: view.getUint16(body + 2, true),
        rate: view.getUint32(body + 4, true),
        bits: view.getUint16(body + 14, true),
      };
    }
    if (tag(view, at) === 'data') {
      if (format === undefined) throw bad('samples come before their format');
      return mix(view, body, Math.min(length, bytes.length - body), format);
    }
    at = body + length + (length % 2);
  }
  throw bad('the file has no samples');
}

function mix(
  view: DataView,
  start: number,
  length: number,
  { code, channels, rate, bits }: { code: number; channels: number; rate: number; bits: number },
): Pcm {
  const read = reader(view, code, bits);
  const width = bits / 8;
  if (read === undefined || channels < 1 || rate < 1)
    throw bad(`format ${code} with ${bits} bits, ${channels} channels and ${rate} Hz is not supported`);
  const samples = new Float32Array(Math.floor(length / (width * channels)));
  for (let i = 0; i < samples.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += read(start + (i * channels + c) * width);
    samples[i] = sum / channels;
  }
  return { samples, rate };
}

function reader(view: DataView, code: number, bits: number): ((at: number) => number) | undefined {
  if (code === float && bits === 32) return (at) => view.getFloat32(at, true);
  if (code === float && bits === 64) return (at) => view.getFloat64(at, true);
  if (code !== integer) return undefined;
  if (bits === 8) return (at) => (view.getUint8(at) - 128) / 128;
  if (bits === 16) return (at) => view.getInt16(at, true) / 0x8000;
  if (bits === 24) return (at) => (view.getUint16(at, true) | (view.getInt8(at + 2) << 16)) / 0x800000;
  if (bits === 32) return (at) => view.getInt32(at, true) / 0x80000000;
  return undefined;
}

const tag = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

const bad = (found: string): SostenutoError =>
  new SostenutoError({
    code: 'BAD_WAV',
    what: 'A sound could not be read.',
    found,
    expected: 'RIFF/WAVE with 8 to 32-bit integers or floats',
  });
