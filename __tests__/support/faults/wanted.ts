/** One image with two tags. */
export const wanted = {
  engine: 'vllm',
  versions: 'v0.21.0',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
  date: '20251123',
  tags: '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}\n{{engine-version}}',
}

/** Milliseconds; `build` is far longer than any cached build and leaves enough time for a retry */
export const waits = {
  build: 20_000,
  request: 5000,
  stall: 5000,
  settle: 10,
  retry: 10,
  longest: 50,
  budget: 60_000,
}

/** Credentials that get a token, if one is required. */
export const login = { username: 'robot', password: 'a password of the tests' }
