/** RIFF/WAVE files: reads 16-, 24- and 32-bit PCM and 32-bit float, writes 16-bit PCM and float. */
import { SostenutoError } from '../../errors/problem.ts';

export interface Wav {
  readonly sampleRate: number;
  readonly channels: number;
  /** Interleaved, [frames · channels], in [−1, 1]. */
  readonly samples: Float32Array;
}

function bad(where: string, found: string): SostenutoError {
  return new SostenutoError({
    code: 'MEDIA_UNREADABLE',
    what: 'A WAV file cannot be read',
    where,
    found,
    expected: 'RIFF/WAVE with PCM of 16, 24 or 32 bits or 32-bit float',
  });
}

/** Reads a whole file. @throws SostenutoError MEDIA_UNREADABLE, also for a file that is shorter than it says. */
export function readWav(bytes: Uint8Array, where = 'wav'): Wav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || name(0) !== 'RIFF' || name(8) !== 'WAVE') throw bad(where, `${bytes.length} bytes without a RIFF/WAVE header`);
  let format: { code: number; channels: number; sampleRate: number; bits: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (body + size > bytes.length) throw bad(where, `chunk "${name(at)}" of ${size} bytes, ${bytes.length - body} are left`);
    if (name(at) === 'fmt ') {
      if (size < 16) throw bad(where, `a format chunk of ${size} bytes`);
      const code = view.getUint16(body, true);
      format = {
        // WAVE_FORMAT_EXTENSIBLE keeps the real code at the start of its sub-format.
        code: code === 0xfffe && size >= 26 ? view.getUint16(body + 24, true) : code,
        channels: view.getUint16(body + 2, true),
        sampleRate: view.getUint32(body + 4, true),
        bits: view.getUint16(body + 14, true),
      };
    } else if (name(at) === 'data') {
      if (!format) throw bad(where, 'data before its format');
      if (format.channels === 0 || format.sampleRate === 0) throw bad(where, `${format.channels} channels at ${format.sampleRate} Hz`);
      return { sampleRate: format.sampleRate, channels: format.channels, samples: readSamples(view, body, size, format, where) };
    }
    at = body + size + (size % 2);
  }
  throw bad(where, 'no data chunk');
}

function readSamples(view: DataView, from: number, size: number, format: { code: number; bits: number }, where: string): Float32Array {
  const count = Math.floor(size / (format.bits / 8));
  const out = new Float32Array(count);
  const kind = `${format.code}/${format.bits}`;
  for (let i = 0; i < count; i++) {
    if (kind === '1/16') out[i] = view.getInt16(from + 2 * i, true) / 32768;
    else if (kind === '1/24') out[i] = (view.getInt8(from + 3 * i + 2) * 65536 + view.getUint16(from + 3 * i, true)) / 8388608;
    else if (kind === '1/32') out[i] = view.getInt32(from + 4 * i, true) / 2147483648;
    else if (kind === '3/32') out[i] = view.getFloat32(from + 4 * i, true);
    else throw bad(where, `format ${format.code} with ${format.bits} bits`);
  }
  return out;
}

/** Writes mono or interleaved samples; 16-bit values are rounded and clipped. */
export function writeWav(
  samples: Float32Array,
  sampleRate: number,
  options: { channels?: number; encoding?: 'int16' | 'float32' } = {},
): Uint8Array {
  const { channels = 1, encoding = 'int16' } = options;
  const width = encoding === 'int16' ? 2 : 4;
  const size = samples.length * width;
  const bytes = new Uint8Array(44 + size);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string) => bytes.set(new TextEncoder().encode(value), at);
  text(0, 'RIFF');
  view.setUint32(4, 36 + size, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, encoding === 'int16' ? 1 : 3, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * channels * width, true);
  view.setUint16(32, channels * width, true);
  view.setUint16(34, width * 8, true);
  text(36, 'data');
  view.setUint32(40, size, true);
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i] ?? 0;
    if (encoding === 'int16') view.setInt16(44 + 2 * i, Math.max(-32768, Math.min(32767, Math.round(value * 32767))), true);
    else view.setFloat32(44 + 4 * i, value, true);
  }
  return bytes;
}
