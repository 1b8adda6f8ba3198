import { execFileSync } from 'node:child_process'
import { registry } from './action.ts'

/** Prints on both outputs at its start and end, also in the middle of a line. */
const banner = `import atexit, os, sys
print("Good morning, process %d" % os.getpid())
sys.stdout.write("12.8")
sys.stderr.write("Have a nice day")
atexit.register(print, "Good night")
`

/**
 * Publishes SGLang 0.5.11 with everything in a base that must not affect a build: a second engine,
 * a SHELL that does not exist, a Python that prints a greeting, other package sources, and a
 * toolkit that no variable or link leads to.
 *
 * @param otherIndex URL of a package index that must not be queried
 * @returns the base registry
 */
export function publishStrangeBase(namespace: string, otherIndex: string): string {
  const to = `${registry}/${namespace}-strange`
  const dockerfile = [
    `FROM ${registry}/stand-in/lmsysorg/sglang:v0.5.11`,
    `RUN mv /usr/local/cuda /usr/local/cuda-13.0 && echo /usr/local/cuda-13.0/lib64 >/etc/ld.so.conf.d/cuda.conf && ldconfig`,
    'ENV CUDA_HOME= PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'RUN cd "$(python3 -c \'import sysconfig; print(sysconfig.get_paths()["purelib"])\')" \\',
    '  && mkdir -p vllm vllm-0.9.0.dist-info && touch vllm/__init__.py \\',
    "  && printf 'Metadata-Version: 2.1\\nName: vllm\\nVersion: 0.9.0\\n' >vllm-0.9.0.dist-info/METADATA \\",
    `  && echo '${Buffer.from(banner).toString('base64')}' | base64 -d >a_banner.py && echo 'import a_banner' >a_banner.pth`,
    `RUN printf '[global]\\nextra-index-url = ${otherIndex}\\nfind-links = ${otherIndex}\\n' >/etc/pip.conf`,
    `ENV PIP_EXTRA_INDEX_URL=${otherIndex} UV_INDEX=${otherIndex}`,
    'SHELL ["powershell", "-Command"]',
  ]
  const output = `type=image,name=${to}/lmsysorg/sglang:v0.5.11,push=true`
  const args = ['buildx', 'build', '--quiet', '--provenance=false', `--output=${output}`, '-']
  execFileSync('docker', args, { input: dockerfile.join('\n'), stdio: ['pipe', 'pipe', 'pipe'] })
  return to
}
