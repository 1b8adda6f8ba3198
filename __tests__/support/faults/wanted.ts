/** One image that gets two tags. */
export const wanted = {
  engine: 'vllm',
  versions: 'v0.21.0',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
  date: '20251123',
  tags: '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}\n{{engine-version}}',
}

/** Milliseconds; `build` is far longer than anything lasts that BuildKit has in its cache, and leaves enough for a second try */
export const waits = {
  build: 20_000,
  request: 5000,
  stall: 5000,
  settle: 10,
  retry: 10,
  longest: 50,
  budget: 60_000,
}

/** Who may have a token, where one is wanted. */
export const login = { username: 'robot', password: 'a password of the tests' }
