import { checkCases } from './check-cases.ts';

// oneDNN's kernels round differently, which moves an activation across the zero of its ReLU: gradients before it then differ by 2e-4.
process.env['TF_ENABLE_ONEDNN_OPTS'] = '0';
const { rollPredictors } = await import('./kinds/roll-predictor.ts');

checkCases(rollPredictors);
