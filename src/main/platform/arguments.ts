import { err, ok, type Result } from '#shared/result.ts'

/** What the command line may say. */
export interface ProgramArguments {
  readonly profile: string
  /** Folder that holds all profiles and the home server; null = the system's place. */
  readonly data: string | null
  /** Run the home server instead of the client (packaged builds start themselves so). */
  readonly homeServer: boolean
}

const profilePattern = /^[a-z0-9][a-z0-9_-]{0,31}$/i

/** Reads `--profile NAME`, `--data DIR`, `--home-server`; switches of the host and unknown ones are left alone. */
export function parseArguments(args: readonly string[]): Result<ProgramArguments, 'profile-name-invalid'> {
  const valueOf = (flag: string): string | null => {
    const joined = args.find((arg) => arg.startsWith(`${flag}=`))
    if (joined !== undefined) return joined.slice(flag.length + 1)
    const at = args.indexOf(flag)
    return at < 0 ? null : (args[at + 1] ?? null)
  }
  const profile = valueOf('--profile') ?? 'default'
  if (!profilePattern.test(profile)) return err('profile-name-invalid')
  return ok({ profile, data: valueOf('--data'), homeServer: args.includes('--home-server') })
}
