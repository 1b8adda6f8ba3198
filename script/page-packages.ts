import type { ListedPlatform } from '../src/inventory/index.ts'

/** Names and versions as an image adds them to its base */
export function packagesOf(
  aibrix: string,
  nixl: string,
  cuda: string,
): NonNullable<ListedPlatform['addedPackages']> {
  const isNew = nixl.startsWith('1')
  const pip = [
    `aibrix_kvcache ${aibrix}`,
    `nixl-cu${cuda.split('.')[0] ?? ''} ${nixl}`,
    `nixl ${nixl}`,
    'farmhash 0.4.0',
    'nvtx 0.2.13',
    `redis ${isNew ? '7.1.0' : '6.4.0'}`,
    'sortedcontainers 2.4.0',
    'tomli 2.3.0',
    'uhashring 2.4',
    `xxhash ${isNew ? '3.6.1' : '3.6.0'}`,
    ...(isNew ? ['crc32c 2.8'] : ['netifaces 0.11.0']),
  ]
  const dpkg = [
    'ibverbs-providers 39.0-1',
    'ibverbs-utils 39.0-1',
    'infiniband-diags 39.0-1',
    'iproute2 5.15.0-1ubuntu2',
    'iputils-ping 3:20211215-1',
    'libibumad3 39.0-1',
    'libibverbs1 39.0-1',
    'libnl-3-200 3.5.0-0.1',
    'libnl-route-3-200 3.5.0-0.1',
    'librdmacm1 39.0-1',
    'net-tools 1.60+git20181103',
    `perftest ${isNew ? '4.5-0.5' : '4.4+0.37-1'}`,
    'rdma-core 39.0-1',
  ]
  const split = (from: 'pip' | 'dpkg') => (line: string) => {
    const [name = '', version = ''] = line.split(' ')
    return { from, name, version }
  }
  return [...pip.map(split('pip')), ...dpkg.map(split('dpkg'))]
}
