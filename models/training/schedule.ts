/** Learning rate of step k = 0, 1, … */
export type Schedule = (step: number) => number;

/** Where a linear ramp begins and ends, as a part of the base rate: 1e-8 as in torch's LinearLR. */
const FLOOR = 1e-8;

export interface ScheduleOptions {
  readonly base: number;
  readonly warmUpSteps: number;
  /** After the warm-up: `constant` does not depend on the end, so raising `steps` continues a training. */
  readonly shape: 'constant' | 'linear' | 'cosine';
  /** End of the falling shapes. */
  readonly totalSteps?: number;
}

/** Linear warm-up, then constant, or falling linearly (the paper) or by a half cosine to 1e-8 of the base. */
export function schedule({ base, warmUpSteps, shape, totalSteps = warmUpSteps + 1 }: ScheduleOptions): Schedule {
  return (step) => {
    if (step < warmUpSteps) return base * (FLOOR + ((1 - FLOOR) * step) / warmUpSteps);
    if (shape === 'constant') return base;
    const passed = Math.min(1, (step - warmUpSteps) / Math.max(1, totalSteps - warmUpSteps));
    return base * (1 - (1 - FLOOR) * (shape === 'linear' ? passed : (1 - Math.cos(Math.PI * passed)) / 2));
  };
}

/** The paper's: base 3e-5, 20,000 steps of warm-up, then linear to the end. */
export const paperSchedule = (totalSteps: number): Schedule => schedule({ base: 3e-5, warmUpSteps: 20_000, shape: 'linear', totalSteps });
