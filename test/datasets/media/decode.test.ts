import { describe, expect, it } from 'vitest';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { extractClip } from '../../../datasets/media/extract.ts';
import { probeMedia } from '../../../datasets/media/probe.ts';
import { fixture, readJson, readTensors } from '../fixtures.ts';

interface Expected {
  bytes: number;
  streams: { codec_type: string; codec_name: string; start_time: string }[];
  video_pts?: number[];
  decoded_frames?: number;
  decoded_size_wh?: [number, number];
  frames_after_fps_filter_4?: number;
  frames_after_fps_filter_25?: number;
  audio_24k: { samples: number; rms: number | null; peak: number | null; samples_aligned_to_t0?: number };
}
const expected = readJson<{ files: Record<string, Expected> }>('media/expected.json').files;
const tensors = readTensors('media/expected.safetensors');

const broken = Object.keys(expected).filter((name) => expected[name]?.streams.length === 0);
const damaged = ['damaged_mdat.mp4', 'broken_truncated_faststart.mp4'];
const readable = Object.keys(expected).filter((name) => !broken.includes(name));
const whole = readable.filter((name) => !damaged.includes(name));
const withVideo = readable.filter((name) => expected[name]?.decoded_frames);
const withAudio = readable.filter((name) => (expected[name]?.audio_24k.samples ?? 0) > 0);

const rms = (samples: Float32Array) => Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
const get = (name: string): Expected => {
  const entry = expected[name];
  if (!entry) throw new Error(`no fixture ${name}`);
  return entry;
};

describe('frames', () => {
  it.each(withVideo)('%s: every decodable frame, its time, its size and its colours', async (name) => {
    const want = get(name);
    const { frames } = await decodeMedia(fixture(`media/${name}`), { streams: 'video' });
    expect([frames?.width, frames?.height]).toEqual(want.decoded_size_wh);
    expect(frames?.count).toBe(want.decoded_frames);
    const pts = want.video_pts ?? [];
    expect(frames?.times.length).toBe(pts.length);
    frames?.times.forEach((time, index) => {
      expect(Math.abs(time - (pts[index] ?? Number.NaN))).toBeLessThan(1e-6);
    });
    const colours = tensors.get(`${name}.frame_mean_rgb`);
    if (!frames || !colours) return;
    const size = frames.width * frames.height;
    for (let frame = 0; frame < frames.count; frame++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let pixel = 0; pixel < size; pixel++) sum += frames.data[(frame * size + pixel) * 3 + channel] ?? 0;
        expect(Math.abs(sum / size - (colours.data[frame * 3 + channel] ?? Number.NaN))).toBeLessThan(1.5);
      }
    }
  });

  it.each(withVideo)('%s: the count at constant rates of 4 and 25', async (name) => {
    for (const [rate, count] of [
      [4, get(name).frames_after_fps_filter_4],
      [25, get(name).frames_after_fps_filter_25],
    ] as const) {
      const { frames } = await decodeMedia(fixture(`media/${name}`), {
        streams: 'video',
        framesPerSecond: rate,
        size: { width: 16, height: 12, fit: 'stretch' },
      });
      expect(frames?.count).toBe(count);
      expect(frames?.data.length).toBe((count ?? 0) * 16 * 12 * 3);
    }
  });

  it('keeps their order: the white bar at the bottom grows', async () => {
    const { frames } = await decodeMedia(fixture('media/av_25fps_44k_stereo.mp4'), { streams: 'video', framesPerSecond: 4 });
    if (!frames) throw new Error('no frames');
    const { width, height } = frames;
    const bar = (frame: number) => {
      let white = 0;
      for (let x = 0; x < width; x++) if ((frames.data[((frame * height + height - 2) * width + x) * 3] ?? 0) > 200) white++;
      return white;
    };
    const bars = Array.from({ length: frames.count }, (_, frame) => bar(frame));
    expect(bars).toEqual([...bars].sort((a, b) => a - b));
    expect(new Set(bars).size).toBeGreaterThan(5);
  });
});

describe('sound', () => {
  it.each(withAudio)('%s: length and loudness at 24 kHz, aligned to time 0', async (name) => {
    const want = get(name).audio_24k;
    const { audio } = await decodeMedia(fixture(`media/${name}`), { streams: 'audio' });
    if (!audio) throw new Error('no sound');
    const aligned = want.samples_aligned_to_t0 ?? 0;
    expect(Math.abs(audio.length - aligned)).toBeLessThanOrEqual(1100);
    // Silence that alignment adds has no energy, so compare energies.
    const energy = (want.rms ?? 0) ** 2 * want.samples;
    expect(Math.abs(Math.sqrt((rms(audio) ** 2 * audio.length) / energy) - 1)).toBeLessThan(0.01);
  });

  it('is the same sound sample by sample', async () => {
    const { audio } = await decodeMedia(fixture('media/av_25fps_44k_stereo.mp4'), { streams: 'audio' });
    const want = Float32Array.from(tensors.get('av_25fps_44k_stereo.mp4.audio_24k_mono')?.data ?? []);
    if (!audio) throw new Error('no sound');
    const difference = audio.subarray(0, want.length).map((value, index) => value - (want[index] ?? 0));
    expect(rms(difference) / rms(want)).toBeLessThan(0.01);
  });

  it('keeps the offset of a stream that starts late', async () => {
    const { audio } = await decodeMedia(fixture('media/audio_starts_late.mp4'));
    const first = audio?.findIndex((value) => Math.abs(value) > 0.02) ?? -1;
    expect(first / 24000).toBeGreaterThan(0.56);
    expect(first / 24000).toBeLessThan(0.62);
  });

  it('takes the first channel when asked', async () => {
    const path = fixture('media/av_25fps_44k_stereo.mp4');
    const mean = await decodeMedia(path, { streams: 'audio' });
    const first = await decodeMedia(path, { streams: 'audio', channel: 'first' });
    expect(first.audio?.length).toBe(mean.audio?.length);
    expect(first.audio).not.toEqual(mean.audio);
  });
});

describe('both in one process', () => {
  it.each(whole)('%s decodes without complaint', async (name) => {
    const { frames, audio, damage } = await decodeMedia(fixture(`media/${name}`));
    expect(damage).toEqual([]);
    expect(frames !== undefined).toBe(withVideo.includes(name));
    expect(audio !== undefined).toBe(withAudio.includes(name));
  });

  it('cuts where told, which is no damage', async () => {
    const { frames, audio, damage } = await decodeMedia(fixture('media/av_25fps_44k_stereo.mp4'), { mostSeconds: 1 });
    expect(frames?.count).toBe(25);
    expect(audio?.length).toBe(24000);
    expect(damage).toEqual([]);
  });
});

describe('what is broken says so', () => {
  it.each([
    ['broken_corrupt_moov.mp4', /index holds no stream/],
    ['broken_ftyp_only.mp4', /index \(moov\) is missing/],
    ['broken_text.mp4', /index \(moov\) is missing/],
    ['broken_truncated_no_moov.mp4', /index \(moov\) is missing/],
    ['broken_zero_bytes.mp4', /empty \(0 bytes\)/],
    ['absent.mp4', /cannot be opened \(ENOENT\)/],
    ['.', /not a regular file/],
  ])('%s', async (name, message) => {
    await expect(probeMedia(fixture(`media/${name}`))).rejects.toThrowError(message);
    await expect(decodeMedia(fixture(`media/${name}`))).rejects.toMatchObject({ code: 'MEDIA_UNREADABLE' });
  });

  it.each([
    ['damaged_mdat.mp4', ['51 of 63 frames could be decoded', expect.stringMatching(/^2\.0\d s of 2\.52 s of sound could be decoded$/)]],
    ['broken_truncated_faststart.mp4', ['12 of 25 frames could be decoded', '0.42 s of 1.00 s of sound could be decoded']],
  ])('%s decodes in part, with the counts', async (name, counts) => {
    const { damage } = await decodeMedia(fixture(`media/${name}`));
    expect(damage.slice(0, 2)).toEqual(counts);
  });

  it('is quarantined with the reason, or used in part when accepted', async () => {
    const options = { framesPerSecond: 4, size: 32, sampleRate: 24000 };
    const refused = await extractClip(fixture('media/damaged_mdat.mp4'), options);
    expect(refused).toMatchObject({ ok: false, quarantined: { reason: expect.stringContaining('51 of 63 frames') } });
    expect(await extractClip(fixture('media/broken_text.mp4'), options)).toMatchObject({ ok: false });
    const accepted = await extractClip(fixture('media/damaged_mdat.mp4'), { ...options, acceptDamaged: true });
    expect(accepted.ok && accepted.clip.frames?.count).toBe(10);
    const good = await extractClip(fixture('media/av_25fps_44k_stereo.mp4'), options);
    expect(good.ok && [good.clip.frames?.count, good.clip.frames?.width]).toEqual([10, 32]);
    expect(Math.abs((good.ok ? (good.clip.audio?.length ?? 0) : 0) - 60744)).toBeLessThanOrEqual(1100);
  });
});
