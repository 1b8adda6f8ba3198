export {
  askedAttestations,
  type AskedAttestations,
  missingAttestations,
  noAttestations,
} from './attestations.ts'
export { composeImage } from './compose.ts'
export { type Judged, judgePublished, judgeStaged, type Judging } from './judge-stored.ts'
export { commonLabels } from './labels.ts'
export { type Promotable, promote } from './promote.ts'
