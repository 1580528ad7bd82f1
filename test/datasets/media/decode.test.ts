import { describe, expect, it } from 'vitest';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { extractClip } from '../../../datasets/media/extract.ts';
import { chooseFrames, chooseThinned } from '../../../datasets/media/frame-choice.ts';
import { probeMedia } from '../../../datasets/media/probe.ts';
import { fixture } from '../fixtures.ts';

describe('frames', () => {
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

describe('frames at a lower rate are dropped before they are scaled, and are those that every frame tells of', () => {
  const size = { width: 32, height: 24 };
  const films = ['vfr_48k_mono.mp4', 'av_30fps.mkv', 'rotated_90.mp4', 'damaged_mdat.mp4', 'broken_truncated_faststart.mp4'];
  // At 0.5 a second the last frame lasts shorter than a tick, so that ffmpeg leaves it out: the film is then decoded anew, whole.
  it.each(films.flatMap((name) => [0.5, 12.5].map((rate) => [name, rate] as const)))('%s at %d a second', async (name, rate) => {
    for (const part of [{}, { start: 0.3, mostSeconds: 0.9 }]) {
      const options = { ...part, size, streams: 'video' } as const;
      const every = await decodeMedia(fixture(`media/${name}`), options);
      const { frames, damage } = await decodeMedia(fixture(`media/${name}`), { ...options, framesPerSecond: rate });
      if (!every.frames || !frames) throw new Error('no frames');
      const chosen = chooseFrames([...every.frames.times], 1 / (every.probe.video?.baseRate ?? 0), rate);
      const frame = (data: Uint8Array, index: number) => Buffer.from(data).subarray(index * 32 * 24 * 3, (index + 1) * 32 * 24 * 3);
      expect(frames.count).toBe(chosen.length);
      for (const [tick, index] of chosen.entries())
        expect(frame(frames.data, tick).equals(frame(every.frames.data, index)), `tick ${tick}`).toBe(true);
      expect(damage.slice(0, 1)).toEqual(every.damage.slice(0, 1));
    }
  });

  it('are seen as they come, also when the film is decoded anew', async () => {
    for (const rate of [0.5, 4, 50]) {
      const seen: Buffer[] = [];
      const path = fixture('media/av_30fps.mkv');
      const kept = await decodeMedia(path, { size, framesPerSecond: rate, streams: 'video' });
      const { frames } = await decodeMedia(path, {
        size,
        framesPerSecond: rate,
        streams: 'video',
        onFrame: (data) => seen.push(Buffer.from(data)),
      });
      expect(
        Buffer.concat((frames?.seen ?? []).map((index) => seen[index] ?? Buffer.alloc(0))).equals(kept.frames?.data ?? Buffer.alloc(0)),
      ).toBe(true);
      if (rate === 4) expect(seen.length).toBeLessThan(20);
    }
  });

  it('does not take for the last frame what ffmpeg did not give', () => {
    const times = [0, 0.25, 0.5, 0.75, 1];
    expect(chooseThinned(times, 5, 3, 0.25, 2)).toEqual([0, 1, 2]);
    expect(chooseThinned(times, 5, 2, 0.25, 2)).toBeUndefined();
    expect(chooseThinned(times, 5, 0, 0.25, 2)).toBeUndefined();
    expect(chooseThinned([0, 0.5, 1, 9], 3, 3, 1, 2)).toEqual([0, 1, 2, 2]);
    expect(chooseThinned([0, 0.5, 0.6], 2, 9, 0.5, 2)).toBeUndefined();
  });
});

describe('sound', () => {
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
