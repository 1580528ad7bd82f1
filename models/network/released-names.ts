/**
 * The released PyTorch modules' names of all weights, and ours (see `names.ts`): the same for everything that both have. What differs is listed here and
 * nowhere else, so that each name of one side belongs to one of the other.
 */

/** Ours, theirs. Their `proj_text` widens the frames' features ("text" is the video there); a projection of the captions they don't have. */
const RENAMED: readonly (readonly [own: string, released: string])[] = [
  ['proj_text.', 'proj_prompt.'],
  ['proj_video.', 'proj_text.'],
];

/** Name of a weight in the released modules. */
export function releasedName(own: string): string {
  const [from, to] = RENAMED.find(([from]) => own.startsWith(from)) ?? ['', ''];
  return to + own.slice(from.length);
}

/** What a released file holds beside the weights of a flow model, and why it is not taken from there. */
const BESIDE: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^text_encoder2\./, 'Flan-T5, which is frozen'],
  [/^image_encoder\./, 'CLIP, which is frozen'],
  [/^vocos\./, 'Encodec, which is frozen'],
  [/^transformer\.(?:text_|frames_)?rotary_emb\.inv_freq$/, 'rotary frequencies, which are computed'],
  [/\.num_batches_tracked$/, 'counters of batches, which nothing reads'],
  [/^transformer\.(?:a_align|v_align|contrastive_loss)\./, 'heads of the contrastive losses, which begin anew at every stage'],
];

/** Why a released tensor is no weight of a model here; undefined for one that must be. */
export const besideWeights = (released: string): string | undefined => BESIDE.find(([pattern]) => pattern.test(released))?.[1];
