import { definePipeline } from '../../engine/define/pipeline.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { encoderParams } from '../video-to-audio/encoders.ts';
import { shippedCodecDigest } from '../video-to-audio/wire-encoders.ts';
import { wireModels } from './sampled-models.ts';
import { presets, type Settings, settingsSchema } from './settings.ts';
import { fileOf, isFolder, sourceOf } from './sources.ts';
import * as tasks from './tasks.ts';

/** Any system's sounds, this project's or another's, judged against originals under one protocol. */
export const evaluate = definePipeline({
  name: 'evaluate',
  description: 'Folders of sounds, or outputs of runs → what networks hear in them → figures with intervals, beside the paper’s',
  settings: settingsSchema,
  presets,
  build: (builder, settings) => {
    const { node, each } = builder;
    const { protocol, transcribe, seed, resamples, shown, reported, baseline } = settings;
    const { references: folder, systems: judgedSystems } = complete(settings);
    const sampled = wireModels(builder, settings);
    const { references } = sampled
      ? node('references', tasks.takeReferences, { inputs: { references: sampled.references }, params: {} })
      : node('references', tasks.importReferences, { inputs: {}, params: { source: sourceOf('references', folder) } });
    let { systems } = node('systems', tasks.importSystems, {
      inputs: {},
      params: { systems: judgedSystems.map(([id, text]) => ({ id, source: sourceOf(`systems.${id}`, text) })) },
    });
    for (const [id, generated] of sampled?.systems ?? [])
      ({ systems } = node(`${id}-system`, tasks.addSampled, { inputs: { systems, generated }, params: { id } }));
    const { describing, listening, identities } = node('networks', tasks.importNetworks, { inputs: {}, params: given(settings.networks) });
    const { originals } = node('originals', tasks.describeOriginals, {
      inputs: { references, networks: describing },
      params: { protocol },
    });
    const params = { protocol, transcribe, codec: shippedCodecDigest() };
    const { heard: reference } = node('original-sounds', tasks.hearOriginals, {
      inputs: { references, originals, networks: listening },
      params,
    });
    const { heard } = each('sounds', tasks.hearSystem, systems, { inputs: { originals, networks: listening }, params });
    const { judged } = each('figures', tasks.judgeSystem, heard, { inputs: { originals, reference }, params: { protocol } });
    const inputs = { originals, networks: identities, reference, heard, judged };
    const comparison = { protocol, seed, resamples, shown, reported, ...(baseline !== undefined && { baseline }) };
    if (settings.ratings === undefined) node('comparison', tasks.compareSystems, { inputs, params: comparison });
    else {
      const { ratings } = node('ratings', tasks.importRatings, { inputs: {}, params: fileOf('ratings', settings.ratings) });
      node('comparison', tasks.compareRatedSystems, { inputs: { ...inputs, ratings }, params: comparison });
    }
  },
});

/** Throws `BAD_SETTING` where there is nothing to judge, or nothing to judge it by. */
function complete({ references = '', systems, models, baseline }: Settings): { references: string; systems: [string, string][] } {
  const given = Object.entries(systems);
  const sampled = Object.keys(models);
  const names = [...given.map(([name]) => name), ...sampled];
  const bad = (where: string, what: string, expected: string) => new SostenutoError({ code: 'BAD_SETTING', what, where, expected });
  if (references !== '' && sampled.length > 0)
    throw bad('references', 'Models are judged by what they are sampled for.', 'test.sources in place of references');
  if (references === '' && sampled.length === 0)
    throw bad('references', 'There are no originals to judge by.', '--set references=<folder>');
  if (names.length === 0) throw bad('systems', 'There is no system to judge.', '--set systems.<name>=<folder>');
  const twice = sampled.find((name) => name in systems);
  if (twice !== undefined) throw bad(`models.${twice}`, `A system and a model are called ${twice}.`, 'another name');
  if (baseline !== undefined && !names.includes(baseline))
    throw bad('baseline', 'The system to compare with is not among the systems.', names.join(', '));
  return { references, systems: given };
}

/** The networks that settings name. Throws `BAD_SETTING` for what is not there. */
function given({ clip, clap, ...others }: Settings['networks']) {
  const isClapFolder = clap !== undefined && isFolder(clap);
  const paths = Object.entries({ ...others, ...(!isClapFolder && { clap }) });
  const files: tasks.NetworkFiles = Object.fromEntries(
    paths.flatMap(([name, path]) => (path === undefined ? [] : [[name, fileOf(`networks.${name}`, path)]])),
  );
  return {
    files,
    ...(clip !== undefined && { clip: encoderParams('image', clip) }),
    ...(isClapFolder && { clap: encoderParams('sound and caption', clap) }),
  };
}
