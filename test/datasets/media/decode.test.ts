import { describe, expect, it } from 'vitest';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { extractClip } from '../../../datasets/media/extract.ts';
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
