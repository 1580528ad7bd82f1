export { ENCODEC_24KHZ, type EncodecConfig, framesPerSecond, parseEncodecConfig } from './config.ts';
export { type Encodec, latentFrames, loadEncodec } from './encodec.ts';
export { readEncodec } from './weights.ts';
