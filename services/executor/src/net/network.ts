import ipaddr from 'ipaddr.js'

/** Whether a task may connect to this IP address. */
export type AddressPolicy = (address: string) => boolean

/**
 * Clouds answer for a machine's credentials on addresses of its own networks; this one of Azure's
 * alone lies among the public ones.
 * @see https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
 */
const PUBLIC_METADATA = new Set(['168.63.129.16'])

/** IPv6 addresses that IANA has given to the global Internet; everything else has a local meaning. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Lets tasks reach the public Internet and the networks that the operator names, and nothing else:
 * not the machine itself, not the networks that it stands in, and no IPv6 address that carries an
 * IPv4 address of those.
 *
 * @param networks in CIDR notation, `10.1.0.0/16`, or single addresses
 * @throws {Error} when one of them is neither
 */
export function publicOr(networks: readonly string[]): AddressPolicy {
  const allowed = networks.map(parseNetwork)
  return text => {
    const address = parseAddress(text)
    return (
      address !== null && (isPublic(address) || allowed.some(range => contains(range, address)))
    )
  }
}

type Network = ReturnType<typeof ipaddr.parseCIDR>
type Address = ipaddr.IPv4 | ipaddr.IPv6

function parseNetwork(text: string): Network {
  const trimmed = text.trim()
  try {
    if (trimmed.includes('/')) return ipaddr.parseCIDR(trimmed)
    const address = ipaddr.parse(trimmed)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  } catch (cause) {
    throw new Error(`${JSON.stringify(text)} is no network such as 10.1.0.0/16`, { cause })
  }
}

/** An IPv4 address in IPv6 clothes is the IPv4 address that the connection goes to. */
function parseAddress(text: string): Address | null {
  const withoutZone = text.replace(/%.*$/, '')
  return ipaddr.isValid(withoutZone) ? ipaddr.process(withoutZone) : null
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast' || PUBLIC_METADATA.has(address.toString())) return false
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_IPV6)
}

function contains([network, bits]: Network, address: Address): boolean {
  return network.kind() === address.kind() && address.match([network, bits] as never)
}
