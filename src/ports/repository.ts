/** A local git repository, read and never written. All it says of a change is untrusted text. */
export interface Repository {
  /** What HEAD has and `base` has not, from where the two parted, as one diff. Throws `RepositoryUnavailable`. */
  changeSince(base: string): Promise<RepositoryChange>;
  /**
   * The branch a change is meant for, as far as the repository knows: the remote's default, "main" or "master"; null for none.
   * Throws `RepositoryUnavailable` where there is no repository.
   */
  defaultBranch(): Promise<string | null>;
  /**
   * The text of a file at a revision, by its path from the repository's root; null where the revision has nothing there. Throws
   * `RepositoryUnavailable` for what is there and cannot be read as a file: a link, a folder, more than 1 MiB.
   */
  fileAt(revision: string, path: string): Promise<string | null>;
}

export interface RepositoryChange {
  readonly diff: string;
  /** Subject of the newest commit. */
  readonly title: string;
  readonly commits: number;
  /** The commit where the two parted: what the change is a change of. */
  readonly from: string;
  /** The commit that the base is at now: whose words hold, however long ago the two parted. */
  readonly base: string;
  /** Files with changes that no commit has, and that are no part of the diff. */
  readonly uncommittedFiles: number;
}

/** There is no such repository or revision, git is not installed, or it failed. The message says which, and what to do. */
export class RepositoryUnavailable extends Error {
  override readonly name = 'RepositoryUnavailable';
  readonly code = 'repository_unavailable';
}
