import { definePipeline, type Ref } from '../../engine/define/pipeline.ts';
import type { TreePort } from '../../engine/define/ports.ts';
import { estimates } from './estimate.ts';
import * as evaluate from './evaluate/tasks.ts';
import { takeGiven } from './given-weights.ts';
import { wirePreferences } from './label/preferences.ts';
import { presets } from './presets.ts';
import { settingsSchema } from './settings.ts';
import { predictorOf, type RollKind, rollToMidiParams, stageParams } from './stages.ts';
import * as train from './train/tasks.ts';
import { wireFeatures } from './wire-features.ts';

/** Raw clips in, models that can be heard and compared out. The order of the lines is the way of the data. */
export const videoToAudio = definePipeline({
  name: 'video-to-audio',
  description: 'Clips → features → text, video and joint flow matching → contrastive | roll guidance → preferences → sounds compared',
  settings: settingsSchema,
  presets,
  estimate: estimates,
  build: (builder, settings) => {
    const { node } = builder;
    const { seed, rollPredictor } = settings;
    const { shards, media, codec, latents, text, video, rolls, pictures, quarantined, statistics } = wireFeatures(builder, settings);
    const stages = stageParams(settings);
    const features = { shards, latents, text, video, rolls, statistics };
    const keys = { ...features, pictures };
    const { checkpointSteps, readAhead } = settings.training;
    const often = { operational: { checkpointSteps, readAhead } };
    type Model = Ref<TreePort<'flow-model'>>;
    const given = takeGiven(builder, settings.weights);
    const stage = (id: string, before: Model, params: train.StageParams) =>
      node(id, train.trainStage, { inputs: { ...features, before }, params }, often).model;
    const begun = given.model('text-to-audio');
    const text2audio = begun
      ? stage('text-to-audio', begun, stages.textToAudio)
      : node('text-to-audio', train.trainTextToAudio, { inputs: features, params: stages.textToAudio }, often).model;
    const base = stage('joint', given.model('joint') ?? stage('video', given.model('video') ?? text2audio, stages.video), stages.joint);
    const contrastive = stage('contrastive', given.model('contrastive') ?? base, stages.contrastive);
    const continued = stage('continued', given.model('continued') ?? base, stages.continued);
    const factor = stage('factor', given.model('factor') ?? base, stages.factor);

    const filmedKeys = { shards, latents, rolls, pictures };
    const predictorFor = (kind: RollKind) => {
      const { steps, batch, learningRate, loss, validateEvery } = rollPredictor;
      const params = { seed, predictor: predictorOf(settings, kind), training: { batch, learningRate, loss, validateEvery }, steps };
      const own = () => node(`roll-predictor-${kind}`, train.trainRollPredictor, { inputs: filmedKeys, params }, often).predictor;
      return given.predictor(`roll-predictor-${kind}`) ?? own();
    };
    const guided = (kind: RollKind) => {
      const [begun, params] = [given.model(kind), stages.guided(kind)];
      if (begun) {
        const { model } = node(kind, train.goOnGuided, { inputs: { ...keys, before: begun }, params }, often);
        return { model, predictor: () => predictorFor(kind) };
      }
      const before = stage(`extra-${kind}`, given.model(`extra-${kind}`) ?? base, stages.extra(kind));
      const predictor = predictorFor(kind);
      const { model } = node(kind, train.trainGuided, { inputs: { ...keys, before, predictor }, params }, often);
      return { model, predictor: () => predictor };
    };
    const velocity = guided('velocity').model;
    const { predictor: predictorOfBinary, model: binary } = guided('binary');
    const predictor = predictorOfBinary();
    const { corrector } = node(
      'roll-to-midi',
      train.trainRollToMidi,
      {
        inputs: { ...filmedKeys, predictor },
        params: rollToMidiParams(settings),
      },
      often,
    );
    const unguided = node(
      'unguided',
      train.trainUnguided,
      { inputs: { ...keys, before: given.model('unguided') ?? base }, params: stages.unguided },
      often,
    ).model;
    const preferences = wirePreferences(builder, { shards, media, quarantined }, settings.preferences.labels);
    const preferred = node(
      'preferred',
      train.trainPreferences,
      { inputs: { ...keys, before: given.model('preferred') ?? velocity, preferences }, params: stages.preferences },
      often,
    ).model;

    const { clips, seconds, ...sampling } = settings.sampling;
    const { references } = node('references', evaluate.prepareReferences, {
      inputs: { shards, media, latents, rolls, codec },
      params: { seconds, clips, seed },
    });
    const { style } = node('style', evaluate.trainStyleJudge, {
      inputs: { shards, media, latents, codec },
      params: { seconds, clips: settings.styleJudge.clips, pianists: { preferred: 'a', other: 'b' } },
    });
    const drawing = { seed, resamples: 1000 };
    const evaluated = (arm: string, { generated }: { generated: Ref<TreePort<'generated-clips'>> }) =>
      node(`${arm}-evaluation`, evaluate.evaluateArm, {
        inputs: { references, generated, style },
        params: { arm, averaging: 'samples', ...drawing },
      }).evaluation;
    const judged = (arm: string, model: Model, told: { withoutText?: true } = {}) =>
      evaluated(
        arm,
        node(`${arm}-samples`, evaluate.sampleStage, {
          inputs: { references, model, codec, text, video, ...filmedKeys },
          params: { seed, sampling, ...told },
        }),
      );
    const audeo = () =>
      evaluated(
        'audeo',
        node('audeo-samples', evaluate.playRolls, { inputs: { references, predictor, corrector, codec, ...filmedKeys }, params: { seed } }),
      );
    const { evaluations: limits } = node('limits', evaluate.evaluateReferences, {
      inputs: { references, style },
      params: { averaging: 'samples' },
    });
    const { use: rollUse } = node('roll-use', evaluate.measureRollUse, {
      inputs: { model: velocity, shards, latents, text, video, rolls },
      params: {
        seed,
        frames: settings.training.frames,
        roll: { keys: rollPredictor.keys, target: 'velocity', sustain: rollPredictor.sustain },
      },
    });
    const models = { text: text2audio, base, continued, contrastive, factor, unguided, binary, velocity, preferred };
    const evaluations = {
      text: judged('text', models.text),
      base: judged('base', models.base),
      textless: judged('textless', models.base, { withoutText: true }),
      continued: judged('continued', models.continued),
      contrastive: judged('contrastive', models.contrastive),
      factor: judged('factor', models.factor),
      audeo: audeo(),
      unguided: judged('unguided', models.unguided),
      binary: judged('binary', models.binary),
      velocity: judged('velocity', models.velocity),
      preferred: judged('preferred', models.preferred),
    };
    node('comparison', evaluate.compareArms, {
      inputs: { references, style, limits, rollUse, ...evaluations },
      params: { ...drawing, shown: 3 },
    });
    const { arm, approval, ...registering } = settings.register;
    const candidate = { references, model: models[arm], evaluation: evaluations[arm] };
    const ruled = { ...registering, ...drawing };
    if (approval) {
      const { decision } = builder.gate('approval', `Shall ${arm} become the champion of ${registering.name}?`, [evaluations[arm]]);
      node('register', evaluate.approvedArm, { inputs: { ...candidate, decision }, params: ruled });
    } else node('register', evaluate.registerArm, { inputs: candidate, params: ruled });
  },
});
