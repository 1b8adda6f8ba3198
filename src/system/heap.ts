import { setFlagsFromString } from 'node:v8'

/**
 * Stops V8 from letting the heap grow before it collects garbage, for work that sends tens of thousands
 * of requests, each of which leaves some: the space of new objects stays as small as it is, and the old
 * one is collected when it has grown by a fifth (measured with 10,000 tags and Node 24: a prune takes
 * 134 MB instead of 151 to 166, and no longer). Of a running process these flags have an effect: V8 reads
 * them when it is about to enlarge a space.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
}
