export { CODEC_CONFIG, CODEC_RECIPE, type CodecRecipe } from './config.ts';
export { type Clip, codecClips, cropBatches } from './data.ts';
export { type CodecFigures, evaluateCodec, type MeanFigures, reconstruct } from './evaluate.ts';
export { type CodecManifest, publishCodec, readManifest, SHIPPED_CODEC } from './publish.ts';
export { type CodecTraining, newestParameters, trainCodec } from './train.ts';
