// What programs print about transient failures. They have no codes, only sentences; each of these
// was seen in an issue of the program or of docker/build-push-action, or is in its source.

/** Network errors of Go, curl, Python and the C library; nothing that compilers print */
const network = [
  /connection (?:was )?reset by peer|Connection reset|ECONNRESET/i,
  /broken pipe|use of closed network connection|read\/write on closed pipe/i,
  /i\/o timeout|TLS handshake timeout|connection timed out|Operation timed out|Client\.Timeout exceeded|Read timed out|ReadTimeoutError|ConnectTimeoutError/i,
  /context deadline exceeded|request canceled while waiting for connection/i,
  /connection refused|Failed to establish a new connection|Failed to connect to \S+ port|Could not connect to server/i,
  /no route to host|network is unreachable/i,
  /Temporary failure (?:in name resolution|resolving)|Could not resolve host|Name or service not known|no such host|server misbehaving/i,
  /http2: client connection lost|http2: server sent GOAWAY|stream error: stream ID \d+|HTTP\/2 stream \d+ was not closed cleanly/i,
  /The TLS connection was non-properly terminated|Error in the pull function|SSL_ERROR_SYSCALL|SSL_read: unexpected eof/i,
]

/** 408, 429 and server errors, in the forms of containerd, git, curl, pip and apt */
const statuses = [
  /\b(?:408|425|429|500|502|503|504) +(?:(?:Client|Server) Error: )?(?:Request Time-?out|Too Early|Too Many Requests|Internal Server Error|Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?out)/i,
  /toomanyrequests/i,
  /The requested URL returned error: (?:408|425|429|5\d\d)\b|HTTP error (?:408|425|429|5\d\d)\b|unexpected (?:HTTP )?status(?: code)?:? (?:408|425|429|5\d\d)\b/i,
]

/** git, curl, pip and apt, on the runner or in a step */
const programs = [
  /the remote end hung up unexpectedly|early EOF|index-pack failed|invalid index-pack output|RPC failed; curl|Empty reply from server|transfer closed with \d+ bytes remaining|unexpected disconnect while reading sideband packet/i,
  /kex_exchange_identification: |Connection closed by remote host/i,
  /IncompleteRead|RemoteDisconnected|Connection aborted|Connection broken/,
  /Hash Sum mismatch|File has unexpected size/i,
]

/** BuildKit, containerd and the docker CLI */
const engine = [
  /code = Unavailable\b|code = ResourceExhausted\b.*429/,
  /closing transport due to|transport is closing|error reading from server|grpc: the client connection is closing|timed out waiting for server handshake/i,
  /(?:^|[:"] ?)(?:unexpected )?EOF(?:$|[" ])/,
  /cannot reuse body, request must be retried|failed to get state for index/i,
  /failed size validation|unexpected commit (?:size|digest)|got digest \S+, expected |short read: expected/i,
  /blob upload (?:unknown|invalid)/i,
  /Cannot connect to the Docker daemon/i,
  // Two parallel builds give an image in one engine the same name, or one removes it before the
  // other has pushed it (containerd's image store).
  /\bimage "[^"]+": already exists|\btag does not exist: \S+:candidate-/,
]

/** What the engine reports as not found and has, or had itself */
const lost = [
  // The registry lost an upload that BuildKit had started; a missing repository has none.
  /from PUT request to \S+\/blobs\/uploads?\/\S+: 404 Not Found/,
  // BuildKit releases a snapshot too early while builds run in parallel, or after one was ended
  // (moby/buildkit #6808, #6821).
  /during finalize: failed to stat active key during commit: snapshot \S+ does not exist/,
]

/** Permanent failures, which outweigh all others */
const permanent = [
  /\b40[0134] (?:Bad Request|Unauthorized|Forbidden|Not Found)\b|The requested URL returned error: 40[0134]\b/i,
  /authentication (?:required|failed)|authorization failed|access denied|permission denied|insufficient_scope|denied: |could not read (?:Username|Password)/i,
  /manifest unknown|name unknown|repository .*not found|: not found\b/i,
  /x509: |certificate|server gave HTTP response to HTTPS client/i,
  /no space left on device|exit code: 137|signal 9|cannot allocate memory|out of memory/i,
  /\S[:(]\d+[:,)].*\berror\b|fatal error: |undefined reference to|cannot find -l|CMake Error/,
  // Python's errors about the program itself, never about a network.
  /^(?:\w+\.)*(?:Assertion|Attribute|Import|ModuleNotFound|Name|Syntax|Type)Error\b/,
]

/** A compiler quotes names and texts of the source, which say nothing about the network. */
function withoutQuotes(line: string): string {
  return /^(?:\S+: )?error: /.test(line) ? line.replace(/'[^']*'|"[^"]*"|‘[^’]*’/g, '…') : line
}

/**
 * @param lines what a program printed about its failure
 * @param source `engine` for BuildKit and docker, unless a step of a Dockerfile failed
 */
export function isTransient(lines: readonly string[], source: 'program' | 'engine'): boolean {
  const transient = [...network, ...statuses, ...programs, ...(source === 'engine' ? engine : [])]
  const quoteless = source === 'program' ? lines.map(withoutQuotes) : lines
  const match = (patterns: readonly RegExp[]) =>
    quoteless.some((line) => patterns.some((pattern) => pattern.test(line)))
  if (source === 'engine' && match(lost)) return true
  return match(transient) && !match(permanent)
}
