import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWav } from '../../datasets/media/wav.ts';
import type { Run } from '../../engine/define/task.ts';
import { loadBackend } from '../../models/backend/index.ts';
import { codecClips } from '../../models/codec/data.ts';
import { evaluateCodec as evaluate, type MeanFigures, reconstruct } from '../../models/codec/evaluate.ts';
import { loadEncodec } from '../../models/encoders/encodec/index.ts';
import type { Measure } from '../measure.ts';
import { folderOf } from '../stored-folder.ts';
import type { evaluateCodec as declaration } from './tasks.ts';

export const evaluateCodec: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { tf } = await loadBackend();
  const model = await loadEncodec(tf, await folderOf(context, inputs.codec, 'codec'));
  const sampleRate = model.config.sampling_rate;
  const clips = codecClips('test', { seed: params.seed, pieces: params.unseen, sounds: params.unseen, sampleRate });
  const figures = evaluate(tf, model, clips);

  const exhibits = join(context.workDirectory, 'exhibits');
  await mkdir(exhibits);
  for (const { id, wave } of clips) {
    await writeFile(join(exhibits, `${id}-original.wav`), writeWav(wave, sampleRate));
    await writeFile(join(exhibits, `${id}-reconstructed.wav`), writeWav(reconstruct(tf, model, wave).output, sampleRate));
  }
  const groups = figures.clips.map(({ id, siSdr, logMelDistance }) => ({
    title: id,
    items: [
      { title: 'original', audio: `${id}-original.wav` },
      {
        title: 'reconstructed',
        audio: `${id}-reconstructed.wav`,
        numbers: { ...(siSdr !== undefined && { 'SI-SDR, dB': siSdr }), 'log-mel distance': logMelDistance },
      },
    ],
  }));
  await writeFile(join(exhibits, 'exhibits.json'), JSON.stringify({ title: 'Sounds the codec has not seen', groups }));
  model.dispose();
  return { measures: [...measuresOf('piano', figures.piano), ...measuresOf('sound', figures.sound)], exhibits };
};

const measuresOf = (kind: string, figures: MeanFigures): Measure[] => [
  { name: `${kind}-si-sdr`, value: figures.siSdr, unit: 'dB', better: 'higher' },
  { name: `${kind}-log-mel-distance`, value: figures.logMelDistance, unit: 'nepers', better: 'lower' },
  ...(figures.noteF1Reconstruction === undefined
    ? []
    : [
        {
          name: `${kind}-note-f1`,
          value: figures.noteF1Reconstruction,
          better: 'higher' as const,
          note: `the same judge hears ${figures.noteF1Original?.toFixed(3)} in the originals`,
        },
      ]),
];
