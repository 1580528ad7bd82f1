/** Squares of the pole frequencies, in hertz. */
const [LOWEST, LOW, HIGH, HIGHEST] = [20.598997 ** 2, 107.65265 ** 2, 737.86223 ** 2, 12194.217 ** 2] as const;

const response = (hz: number): number => {
  const square = hz * hz;
  return (HIGHEST * square * square) / ((square + LOWEST) * Math.sqrt((square + LOW) * (square + HIGH)) * (square + HIGHEST));
};

/** How much quieter than 1 kHz a frequency in hertz is to the ear, in dB (A-weighting, IEC 61672-1): 0 at 1 kHz, −∞ at 0. */
export const aWeighting = (hz: number): number => 20 * Math.log10(response(hz) / response(1000));
