import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeWav } from '../../../datasets/media/wav.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { resample } from '../../../numeric/resample.ts';
import { folderOf, pathOf } from '../../stored-folder.ts';
import { MEASURED, measureNames, type NetworkName, type NotComputed } from '../measured.ts';
import { soundsOf } from '../prepare/describe-originals.ts';
import { prepared, readSound } from '../prepare/read-sound.ts';
import { isFolder } from '../sources.ts';
import type * as declarations from '../tasks.ts';
import type { Heard, HeardClip, LeftOut, Originals } from '../tasks.ts';
import {
  codecListener,
  givenEmbeddings,
  givenListeners,
  type Lack,
  type Listener,
  type NetworkPaths,
  networksIn,
  soundPath,
  transcriber,
} from './listeners.ts';

type Params = Parameters<Run<typeof declarations.hearSystem>>[0]['params'];
const SHIPPED_CODEC = fileURLToPath(new URL('../../../models/codec/weights', import.meta.url));
/** A sound counts as too short for its original from this many missing seconds on. */
const SHORT = 0.05;
/** The rolls that guided a system's sounds, if it is one of this project's. */
const GUIDE = ['guide.arrow', 'guide.json', 'guide-kind.json'];

export const hearOriginals: Run<typeof declarations.hearOriginals> = async ({ inputs, params, context }) => ({
  heard: await hear('original', 'original', inputs.references, inputs, params, context),
});

export const hearSystem: Run<typeof declarations.hearSystem> = async ({ inputs, params, item, context }) => ({
  heard: await hear(item.id, 'generated', await context.openTree(item.sounds), inputs, params, context),
});

export const readOriginals = async (tree: StoredTree): Promise<Originals> =>
  JSON.parse(await readFile(pathOf(tree, 'originals.json'), 'utf8'));

async function hear(
  system: string,
  kept: string,
  sounds: StoredTree,
  { originals, networks }: { readonly originals: StoredTree; readonly networks: StoredTree },
  params: Params,
  context: TaskContext,
): Promise<string> {
  const { clips } = await readOriginals(originals);
  const paths = soundsOf(sounds, kept);
  const directory = join(context.workDirectory, 'heard');
  await mkdir(join(directory, 'sounds'), { recursive: true });
  const given = networksIn(await folderOf(context, networks, 'networks'));
  const { listeners, absent } = await listenersFor(directory, given, sounds, originals, params.transcribe);
  const heard: HeardClip[] = [];
  const leftOut: LeftOut[] = [];
  const missing: string[] = [];
  for (const [index, { id, seconds, hasNotes }] of clips.entries()) {
    context.signal.throwIfAborted();
    const path = paths.get(id);
    const read = path === undefined ? undefined : await readSound(path, params.protocol, context.signal);
    if (read === undefined) missing.push(id);
    else if ('reason' in read) leftOut.push({ id, reason: read.reason });
    else {
      const { sampleRate, channels } = read;
      const own = read.samples.length / sampleRate;
      const { samples, silent } = prepared(read, seconds, params.protocol);
      for (const listener of listeners) await listener.hear(id, { samples, sampleRate }, hasNotes);
      const out = soundPath(directory, id);
      await mkdir(dirname(out), { recursive: true });
      const wave = resample(samples, sampleRate, params.protocol.sampleRate);
      await writeFile(out, writeWav(wave, params.protocol.sampleRate, { encoding: 'float32' }));
      heard.push({ id, sampleRate, channels, seconds: own, silent, padded: seconds - own > SHORT ? seconds - own : 0 });
    }
    context.progress({ step: index + 1, of: clips.length, clip: id });
  }
  for (const listener of listeners) await listener.close();
  for (const name of GUIDE) if (sounds.files.has(name)) await copyFile(pathOf(sounds, name), join(directory, name));
  for (const { id, reason } of leftOut) context.warn(`${system}: ${id} is left out: ${reason}`);
  const known = new Set(clips.map(({ id }) => id));
  const unknown = [...paths.keys()].filter((id) => !known.has(id));
  if (heard.length === 0)
    context.warn(`${system}: none of its ${paths.size} sounds can be judged; sounds and originals belong together by their names`);
  const report: Heard = { system, clips: heard, leftOut, missing, unknown, notComputed: without(absent) };
  await writeFile(join(directory, 'heard.json'), JSON.stringify(report));
  return directory;
}

async function listenersFor(directory: string, networks: NetworkPaths, sounds: StoredTree, originals: StoredTree, transcribe: boolean) {
  const room = { tf: (await loadBackend()).tf, directory };
  const { listeners, absent } = await givenListeners(room, networks);
  const all: Listener[] = [...listeners, await codecListener(room, SHIPPED_CODEC)];
  if (transcribe) all.push(await transcriber(room));
  else absent.set('basic-pitch', { reason: 'transcription is switched off', wayOut: '--set transcribe=true' });
  for (const name of ['passt', 'clap'] as const) {
    const file = sounds.files.get(`${name}.safetensors`);
    if (networks[name] !== undefined) continue;
    if (file !== undefined) {
      all.push(await givenEmbeddings(room, name, file));
      absent.delete(name);
    } else {
      const { reason, wayOut } = absent.get(name) ?? { reason: name, wayOut: '' };
      absent.set(name, { reason, wayOut: `${wayOut}, or embeddings as ${name}.safetensors beside the sounds` });
    }
  }
  const ofOriginals = { clip: 'clip', captions: 'clap' } as const;
  for (const [name, network] of Object.entries(ofOriginals) as ['clip' | 'captions', 'clip' | 'clap'][]) {
    if (originals.files.has(`${name}.arrow`)) continue;
    if (name === 'captions' && networks.clap !== undefined && isFolder(networks.clap)) {
      absent.set('clap', { reason: 'clap: no original has a caption', wayOut: '<clip>.txt beside the originals' });
      continue;
    }
    const { reason, wayOut } = absent.get(network) ?? {};
    const given = `embeddings as ${name}.safetensors beside the originals`;
    absent.set(network, {
      reason: reason ?? `${network}: no ${name}.safetensors beside the originals`,
      wayOut: wayOut === undefined ? given : `${wayOut}, and ${given}`,
    });
  }
  return { listeners: all, absent };
}

/** The measures that need what is absent. */
const without = (absent: ReadonlyMap<NetworkName, Lack>): NotComputed[] =>
  measureNames.flatMap((measure) => {
    const lacking = (MEASURED[measure].networks ?? []).flatMap((name) => absent.get(name) ?? []);
    const [first] = lacking;
    return first ? [{ measure, reason: lacking.map(({ reason }) => reason).join('; '), wayOut: first.wayOut }] : [];
  });
