/** Runs the steps: what still holds is kept, the rest is done, long ones side by side. */
import { NothingWorks, reasonOf } from './choose.mjs';
import { ffmpeg } from './ffmpeg.mjs';
import { kernels } from './kernels.mjs';
import { mlflow } from './mlflow.mjs';
import { nodeVersion } from './node-version.mjs';
import { packages } from './packages.mjs';
import { digestOf, isUnchanged, SETUP_VERSION, stampOf } from './record.mjs';
import { temporal } from './temporal.mjs';
import { tensorflow } from './tensorflow.mjs';

/** @typedef {import('./types.d.ts').Step} Step */
/** @typedef {import('./types.d.ts').Setup} Setup */
/** @typedef {import('./types.d.ts').SetupRecord} SetupRecord */
/** @typedef {import('./types.d.ts').StepOutcome} StepOutcome */

/** Each stage waits for the one before; inside a stage the steps do not depend on each other. @type {readonly (readonly Step[])[]} */
export const STAGES = [[nodeVersion], [packages], [ffmpeg, temporal, tensorflow, mlflow], [kernels]];

/** The choice a step made, as setup.json keeps it. @param {SetupRecord} record @param {Step['name']} name */
const choiceOf = (record, name) => (name === 'node' || name === 'packages' || name === 'mlflow' ? undefined : record[name]);

/**
 * Whether what the record says of a step is still true.
 * @param {Step} step @param {Setup} setup @param {SetupRecord} record @returns {Promise<boolean>}
 */
export async function stillHolds(step, setup, record) {
  const before = record.steps[step.name];
  if (before === undefined || before.key !== digestOf(step.key(setup))) return false;
  if (!before.files.every(isUnchanged)) return false;
  return step.holds === undefined || step.holds(setup, choiceOf(record, step.name));
}

/**
 * Runs all stages. A failed step ends the set-up after its stage; what succeeded is recorded all the same.
 * @param {readonly (readonly Step[])[]} stages
 * @param {Setup} setup
 * @param {SetupRecord} before
 * @param {{ note: (title: string, text: string) => void, done: (outcome: StepOutcome) => void, save: (record: SetupRecord) => void }} report
 * @returns {Promise<{ record: SetupRecord, outcomes: StepOutcome[] }>}
 */
export async function runStages(stages, setup, before, report) {
  /** @type {SetupRecord} */
  let record = { ...before, version: SETUP_VERSION, root: setup.root };
  /** @type {StepOutcome[]} */
  const outcomes = [];
  for (const all of stages) {
    const stage = all.filter((step) => setup.needsTool || !step.isForTests);
    const chosen = record.tensorflow ? { ...setup, tensorflow: record.tensorflow } : setup;
    await Promise.all(
      stage.map(async (step) => {
        const { outcome, changes } = await runStep(step, { ...chosen, note: (text) => report.note(step.title, text) }, before);
        outcomes.push(outcome);
        report.done(outcome);
        if (!changes) return;
        record = { ...record, ...changes.choice, steps: { ...record.steps, [step.name]: changes.step } };
        report.save(record);
      }),
    );
    if (outcomes.some(({ ok }) => !ok)) break;
  }
  return { record, outcomes };
}

/** @param {Step} step @param {Setup} setup @param {SetupRecord} before */
async function runStep(step, setup, before) {
  const start = performance.now();
  const seconds = () => Math.round(performance.now() - start) / 1000;
  const about = { name: step.name, title: step.title };
  try {
    const kept = before.steps[step.name];
    if (kept && (await stillHolds(step, setup, before))) {
      const { found, where, tried } = kept;
      return { outcome: { ...about, ok: true, reused: true, found, ...(where && { where }), tried, seconds: seconds() } };
    }
    const { found, where, tried = [], value, files = [] } = await step.run(setup);
    const key = digestOf(step.key(setup));
    const entry = { key, found, ...(where && { where }), tried, files: files.map(stampOf), seconds: seconds() };
    return {
      outcome: { ...about, ok: true, reused: false, found, ...(where && { where }), tried, seconds: entry.seconds },
      changes: { step: entry, choice: value ? { [step.name]: value } : {} },
    };
  } catch (error) {
    setup.signal.throwIfAborted();
    const tried = error instanceof NothingWorks ? error.tried : [];
    const found = error instanceof NothingWorks ? error.message : reasonOf(error);
    return { outcome: { ...about, ok: false, reused: false, found, tried, seconds: seconds() } };
  }
}
