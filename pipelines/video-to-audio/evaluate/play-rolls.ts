import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { levelled } from '../../../datasets/media/level.ts';
import { writeWav } from '../../../datasets/media/wav.ts';
import { rollToNotes } from '../../../datasets/midi/roll-to-notes.ts';
import { plainGrand } from '../../../datasets/synthetic/pianists.ts';
import { renderPiano } from '../../../datasets/synthetic/piano.ts';
import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { openCodec } from '../../../models/encoders/open.ts';
import { at } from '../../../models/network/differentiable.ts';
import { rollToLatents } from '../../../models/network/frame-maps.ts';
import { firstKey } from '../../../models/network/roll-predictor/targets.ts';
import { steadyRolls } from '../../../models/sampling/steady-rolls.ts';
import { readRollToMidiModel } from '../../../models/training/roll-to-midi/model-files.ts';
import { folderOf } from '../../stored-folder.ts';
import { openPredictedRolls, type PredictedRoll } from '../predicted-rolls.ts';
import { LATENT_RATE, PICTURE_RATE, SAMPLE_RATE } from '../rates.ts';
import { referenceClips } from './references.ts';
import { writeGuide } from './roll-file.ts';
import type { playRolls as declaration } from './tasks.ts';

const HOP = SAMPLE_RATE / LATENT_RATE;

/**
 * The references' piano stretches as Audeo makes them (Su et al. 2020): what the predictor sees of the whole clip, steadied, as notes of one
 * loudness on one instrument. Lays out what `sampleStage` does; the latents are those of the sound, the guide is the roll that is played.
 */
export const playRolls: Run<typeof declaration> = async ({ inputs, params: { seed }, context }) => {
  const stretches = (await referenceClips(inputs.references)).filter(({ set }) => set === 'piano');
  const { tf } = await loadBackend();
  const rolls = await openPredictedRolls(tf, context, inputs);
  const clips: PredictedRoll[] = [];
  for await (const clip of rolls.read('test', { named: new Set(stretches.map(({ source }) => source)) })) clips.push(clip);
  rolls.close();
  const { config, weights } = await readRollToMidiModel(await folderOf(context, inputs.corrector, 'corrector'));
  const { keys } = config;
  const steady = steadyRolls(
    tf,
    config,
    weights,
    clips.map(({ predicted }) => predicted),
  );

  const codec = await openCodec(tf, await folderOf(context, inputs.codec, 'codec'));
  const channels = codec.config.hidden_size;
  const directory = join(context.workDirectory, 'out');
  await mkdir(join(directory, 'generated'), { recursive: true });
  const latents = createShard(directory, { name: 'generated', scalar: 'f32', rowsPerSecond: LATENT_RATE, shape: [channels] });
  const guide = new Map<string, Float32Array>();
  const columns = { keys, firstKey: firstKey(rolls.predictor) };
  for (const [index, { id: source }] of clips.entries()) {
    context.signal.throwIfAborted();
    const roll = at(steady, index);
    const own = stretches.filter((clip) => clip.source === source);
    // As all sound of a clip: rendered, levelled and encoded as a whole, then cut.
    const end = Math.max(...own.map(({ from, frames }) => from + frames));
    const { notes, pedal } = rollToNotes(roll, { ...columns, framesPerSecond: PICTURE_RATE });
    const options = { sampleRate: SAMPLE_RATE, seconds: end / LATENT_RATE, seed };
    const sound = levelled(renderPiano(notes, pedal, { timbre: plainGrand }, options));
    const encoded = await codec.encode(sound);
    const onLatents = rollToLatents(roll, keys, 3, end);
    for (const { id, from, frames } of own) {
      const until = from + frames;
      latents.append(id, encoded.slice(from * channels, until * channels));
      guide.set(id, onLatents.slice(from * keys, until * keys));
      await writeFile(join(directory, 'generated', `${id}.wav`), writeWav(sound.slice(from * HOP, until * HOP), SAMPLE_RATE));
    }
    context.progress({ step: index + 1, of: clips.length });
  }
  latents.close();
  await codec.dispose();
  await writeGuide(directory, { ...columns, kind: 'binary' }, keys, guide);
  return { generated: directory };
};
