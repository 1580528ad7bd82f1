import { linearShapes } from '../../network/linear-shapes.ts';
import type { ParameterShape } from '../../network/parameters.ts';

export type Side = 'audio' | 'video';
const BOTH: readonly Side[] = ['audio', 'video'];

/**
 * The six terms of FactorCL (arXiv 2306.05268), named as in the released modules: x1 is audio, x2 video, y the condition, which is
 * a label or an augmentation of the same modality. `infonce` bounds a mutual information from below, `club` from above. A term of two
 * modalities may be conditional; one of a single modality is about that modality and y.
 */
export const FACTOR_CL_TERMS = {
  infonce_x1x2: { sides: BOTH, conditional: false },
  club_x1x2_cond: { sides: BOTH, conditional: true },
  infonce_x1y: { sides: ['audio'], conditional: false },
  infonce_x2y: { sides: ['video'], conditional: false },
  infonce_x1x2_cond: { sides: BOTH, conditional: true },
  club_x1x2: { sides: BOTH, conditional: false },
} as const satisfies Record<string, { sides: readonly Side[]; conditional: boolean }>;
export type FactorClTerm = keyof typeof FACTOR_CL_TERMS;

/** Terms that exist, each with its weight in the loss. The terms are losses: −I_NCE and +I_CLUB. */
export type TermWeights = Readonly<Partial<Record<FactorClTerm, number>>>;

export interface FactorClConfig {
  readonly widths: Readonly<Record<Side, number>>;
  /** Width of the two hidden layers of a critic; 512 in the released code. */
  readonly criticWidth: number;
  readonly condition: { readonly kind: 'labels'; readonly classes: number } | { readonly kind: 'augmentations' };
  readonly weights: TermWeights;
  /** Brings features to length 1 first, as the released code of arXiv 2503.22200. */
  readonly unitInputs: boolean;
  /** Most that a term of negative weight may count: a CLUB gap that is made large has no bound of its own. */
  readonly cap?: number;
}

/** −(S + U1 + U2), Eq. 6 of arXiv 2503.22200: the last two terms stand in both U1 and U2. */
export const EQUATION_6: TermWeights = {
  infonce_x1x2: 1,
  club_x1x2_cond: 1,
  infonce_x1y: 1,
  infonce_x2y: 1,
  infonce_x1x2_cond: 2,
  club_x1x2: 2,
};
/** Every term once, as the released FactorCL code adds them. */
export const EACH_ONCE: TermWeights = { ...EQUATION_6, infonce_x1x2_cond: 1, club_x1x2: 1 };
/** What was trained for arXiv 2503.22200: the conditional CLUB alone, with its sign turned, so that its gap is made large. */
export const CLUB_COND_MAXIMISE: Pick<FactorClConfig, 'weights' | 'unitInputs'> = { weights: { club_x1x2_cond: -1 }, unitInputs: true };

const PREFIX = 'transformer.contrastive_loss.';
export const criticName = (term: FactorClTerm) => `${PREFIX}${term}._f`;
/** Head of one side of a term. */
export const headName = (term: FactorClTerm, side: Side) =>
  `${PREFIX}linears_${term}${FACTOR_CL_TERMS[term].sides.length === 1 ? '' : `.${BOTH.indexOf(side)}`}`;

export const termsOf = ({ weights }: FactorClConfig): FactorClTerm[] =>
  (Object.keys(FACTOR_CL_TERMS) as FactorClTerm[]).filter((term) => weights[term] !== undefined);
export const isClub = (term: FactorClTerm): boolean => term.startsWith('club_');

/** Every weight of heads and critics, for `countParameters` and `initialParameters`. */
export function factorClShapes(config: FactorClConfig): Map<string, ParameterShape> {
  const { widths, condition, criticWidth } = config;
  return new Map(
    termsOf(config).flatMap((term) => {
      const { sides, conditional } = FACTOR_CL_TERMS[term];
      const single = sides.length === 1;
      const given = (side: Side) => (condition.kind === 'augmentations' ? widths[side] : single ? 1 : condition.classes);
      const inputs = sides.reduce((sum, side) => sum + widths[side] + (single || conditional ? given(side) : 0), 0);
      const [critic, hidden] = [criticName(term), criticWidth];
      return [
        ...sides.flatMap((side) => [0, 2].flatMap((i) => linearShapes(`${headName(term, side)}.${i}`, widths[side], widths[side]))),
        ...linearShapes(`${critic}.0`, hidden, inputs),
        ...linearShapes(`${critic}.2`, hidden, hidden),
        ...linearShapes(`${critic}.4`, 1, hidden),
      ];
    }),
  );
}

/**
 * The two groups of weights that are trained in turn: `main` (heads and InfoNCE critics, together with the encoders) by the objective,
 * `critics` (the CLUB critics) by their learning loss. Each group stands still while the other moves.
 */
export function factorClGroups(config: FactorClConfig): { readonly main: string[]; readonly critics: string[] } {
  const prefixes = termsOf(config).filter(isClub).map(criticName);
  const names = [...factorClShapes(config).keys()];
  const isCritic = (name: string) => prefixes.some((prefix) => name.startsWith(`${prefix}.`));
  return { main: names.filter((name) => !isCritic(name)), critics: names.filter(isCritic) };
}
