import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReportedNode, ReportModel } from '../../web/report/model.ts';

const rate = 24_000;

/** A struck string: partials that fall off with time, in the colour of a version. `rough` adds noise from a fixed sequence. */
export function tone(hertz: number, seconds: number, rough = 0): Float32Array {
  let state = 1;
  return Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => {
    const t = i / rate;
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const noise = (state / 2 ** 31 - 1) * rough * Math.exp(-2 * t);
    const note = Math.floor(t * 2.5) / 2.5;
    const pitch = hertz * 2 ** (([0, 4, 7, 12, 7][Math.floor(t * 2.5) % 5] ?? 0 / 12) ** (1 / 12));
    const partials = [1, 2, 3, 4, 5, 6].reduce(
      (sum, n) => sum + (Math.sin(2 * Math.PI * pitch * n * t) * Math.exp(-(t - note) * (1.5 + n))) / n,
      0,
    );
    return 0.3 * partials + noise;
  });
}

/** 16-bit mono wav. */
export function wav(samples: Float32Array, sampleRate = rate): Buffer {
  const data = Buffer.alloc(samples.length * 2);
  for (const [i, sample] of samples.entries()) data.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), i * 2);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}

/** A roll file of the 88 keys, with notes [key, from, to, level]. */
export function rollFile(notes: readonly (readonly [number, number, number, number])[], frames: number): Buffer {
  const values = new Uint8Array(frames * 88);
  for (const [key, from, to, level] of notes) for (let frame = from; frame < to; frame++) values[frame * 88 + key] = level;
  return Buffer.from(JSON.stringify({ framesPerSecond: 75, firstKey: 0, keys: 88, values: Buffer.from(values).toString('base64') }));
}

const node = (id: string, task: string, deps: string[], seconds: number, rest: Partial<ReportedNode> = {}): ReportedNode => ({
  id,
  task,
  kind: 'task',
  status: 'done',
  cache: seconds === 0 ? 'hit' : 'miss',
  key: id.padEnd(64, '0123456789abcdef'),
  attempts: 1,
  seconds,
  deps,
  queue: 'cpu',
  outputs: [{ name: 'result', digest: id.padStart(64, '0123456789abcdef'), bytes: 1000 }],
  ...rest,
});

/** Made-up figures in the shape of a real run. */
export const exampleModel: ReportModel = {
  run: {
    workflowId: 'video-to-audio-example',
    runId: '0190f0a4-0000-7000-8000-000000000001',
    pipeline: 'video-to-audio',
    preset: 'demo',
    status: 'done',
    startedAt: '2026-01-02T10:04:00.000Z',
    seconds: 262,
    headline: 'video-to-audio finished in 4 min 22 s: 11 nodes ran, 3 reused; validation loss 0.4612.',
  },
  nodes: [
    node('sounds', 'synthesizeSet', [], 0),
    node('events', 'synthesizeSet', [], 0),
    node('piano', 'synthesizeSet', [], 12.4),
    node('ingest', 'ingest', ['sounds', 'events', 'piano'], 0.61, { queue: 'light' }),
    node('media', 'extractMedia', ['ingest'], 14.2, { kind: 'map', summary: '8 of 8 ran, 2 items quarantined', attempts: 2 }),
    node('codec', 'importCodec', [], 0, { queue: 'light' }),
    node('latents', 'encodeAudio', ['media', 'codec'], 41.8, { kind: 'map' }),
    node('text', 'embedText', ['ingest'], 0.4, { kind: 'map' }),
    node('rolls', 'rollShard', ['ingest'], 0.7, { kind: 'map' }),
    node('catalogue', 'catalogue', ['ingest', 'latents', 'rolls'], 0.31, { queue: 'light' }),
    node('statistics', 'measureLatents', ['latents'], 0.9),
    node('text-to-audio', 'trainTextToAudio', ['latents', 'text', 'statistics'], 168, { queue: 'train', attempts: 3 }),
    node('samples', 'sampleTextToAudio', ['text-to-audio', 'codec', 'latents', 'text'], 18.3),
    node('evaluation', 'evaluateTextToAudio', ['samples'], 4.6),
  ],
  settings: {
    seed: 7,
    shards: 8,
    data: { sounds: 320, events: 24, piano: 16, clipSeconds: 2, pieceSeconds: [4, 9] },
    network: { depth: 4, width: 192, heads: 6 },
    textToAudio: { steps: 600, batch: 12, learningRate: 6e-4, times: 'logit-normal', dropText: 0.1 },
  },
  code: {
    trainTextToAudio: {
      digest: '9f'.repeat(32),
      files: ['pipelines/video-to-audio/train/train-text-to-audio.ts', 'models/training/loop.ts', 'numeric/random.ts'],
    },
    encodeAudio: { digest: '1c'.repeat(32), files: ['pipelines/video-to-audio/prepare/encode-audio.ts', 'models/codec/encode.ts'] },
  },
  machine: { host: 'studio', platform: 'linux', arch: 'x64', cpu: 'Example CPU 3.0 GHz', cores: 2, node: 'v20.20.2' },
  backend: 'tensorflow',
  curves: [
    {
      node: 'text-to-audio',
      name: 'loss',
      points: Array.from(
        { length: 600 },
        (_, i) => [i + 1, 0.42 + 1.1 * Math.exp(-i / 80) + 0.09 * Math.sin(i * 12.9898) * Math.cos(i * 4.1)] as const,
      ),
      resumePoints: [200, 400],
    },
    {
      node: 'text-to-audio',
      name: 'validation loss',
      points: [100, 200, 300, 400, 500, 600].map((step) => [step, 0.46 + 0.8 * Math.exp(-step / 90)] as const),
    },
    {
      node: 'text-to-audio',
      name: 'gradient norm',
      points: Array.from({ length: 600 }, (_, i) => [i + 1, 0.5 + 4 * Math.exp(-i / 60) + 0.2 * Math.sin(i * 7.7)] as const),
    },
    ...Array.from({ length: 8 }, (_, part) => ({
      node: 'text-to-audio',
      name: `loss at t ${part}/8`,
      points: Array.from({ length: 24 }, (_, i) => [(i + 1) * 25, 0.3 + 0.12 * Math.abs(part - 3.5) + 0.9 * Math.exp(-i / 5)] as const),
    })),
  ],
  data: [
    {
      node: 'piano',
      task: 'synthesizeSet',
      params: { set: 'piano', count: 16, seconds: 2 },
      files: 33,
      bytes: 5_200_000,
      kinds: { mp4: 16, mid: 16, json: 1 },
      leftOut: 0,
      licences: ['CC0-1.0'],
      madeAt: '2026-01-02T10:04:01.000Z',
      code: 'ab'.repeat(32),
      digests: ['cd'.repeat(32)],
    },
  ],
  exhibits: [
    {
      node: 'evaluation',
      title: 'Held-out captions',
      note: 'The captions were not in the training set. "Reconstructed" is the original through the codec: the best the model could reach.',
      groups: [
        { title: 'A low bell, struck once', hertz: 220 },
        { title: 'A marimba phrase, rising', hertz: 330 },
      ].map(({ title }, i) => ({
        title,
        items: ['original', 'reconstructed', 'generated'].map((version, v) => ({
          title: version,
          audio: `evaluation/clip-${i + 1}/${version}.wav`,
          ...(v === 2 ? { caption: 'guidance 2, 32 steps, noise from seed 7', numbers: { 'log-mel distance': 6.1 + i } } : {}),
          ...(i === 1 && v !== 1
            ? {
                rolls:
                  v === 0
                    ? [{ title: 'played', roll: 'evaluation/played.json' }]
                    : [{ title: 'heard', roll: 'evaluation/heard.json', against: 'evaluation/played.json' }],
              }
            : {}),
        })),
      })),
      tables: [
        {
          title: 'By clip',
          columns: ['clip', 'log-mel distance', 'seconds'],
          rows: [
            ['a low bell', 6.1, 2],
            ['a marimba phrase', 7.1, null],
          ],
        },
      ],
    },
  ],
  measures: [
    { name: 'validation loss', value: 0.4612, better: 'lower', note: 'rectified flow, EMA weights, 32 clips' },
    { name: 'log-mel distance', value: 6.421, unit: 'dB', better: 'lower', note: 'generated against original, same caption' },
    { name: 'log-mel distance of the codec', value: 3.18, unit: 'dB', better: 'lower', note: 'what the codec alone loses' },
    {
      name: 'Fréchet distance (codec latents)',
      value: 14.73,
      better: 'lower',
      note: 'fewer clips than dimensions: not comparable with other tests',
    },
  ],
  quarantined: [
    { node: 'media', id: 'sounds/0042', reason: 'The file ends in the middle of a frame: 31,744 bytes of 48,000 could be decoded.' },
    { node: 'media', id: 'events/0007', reason: 'No audio stream.' },
  ],
  links: { temporalUi: 'http://127.0.0.1:8233/namespaces/default/workflows/video-to-audio-example' },
};

/** Writes the sounds of the example; returns name in the report → path. */
export function exampleMedia(directory: string): Map<string, string> {
  const media = new Map<string, string>();
  mkdirSync(directory, { recursive: true });
  [220, 330].forEach((hertz, clip) => {
    ['original', 'reconstructed', 'generated'].forEach((version, v) => {
      const path = join(directory, `${clip}-${v}`);
      writeFileSync(path, wav(tone(hertz, 2, [0, 0.02, 0.12][v])));
      media.set(`evaluation/clip-${clip + 1}/${version}.wav`, path);
    });
  });
  const melody = [0, 1, 2, 3, 4].map((i) => [43 + ([0, 4, 7, 12, 7][i] ?? 0), 30 * i, 30 * i + 28, 90 + 30 * i] as const);
  for (const [name, notes] of Object.entries({ played: melody, heard: [...melody.slice(1), [52, 10, 60, 255] as const] })) {
    writeFileSync(join(directory, name), rollFile(notes, 150));
    media.set(`evaluation/${name}.json`, join(directory, name));
  }
  return media;
}
