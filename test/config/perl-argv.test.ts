/** The same words to Perl's Getopt::Long and to ours: every prefix of every 0.35 option, and odd command lines. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { splitArgv } from "../../src/config/argv.ts";
import { options } from "../../src/config/options.ts";
import { lacks } from "../support/packages.ts";
import { perls } from "../support/program.ts";

/** Reads JSON-free vectors: words separated by \x1f, one vector a line; answers in kind, or "refused". */
const oracle = `
  use Getopt::Long qw(GetOptionsFromArray);
  my @specs = split ' ', shift;
  $SIG{__WARN__} = sub {};
  while (my $line = <STDIN>) {
    chomp $line;
    my (@words, @given) = split /\\x1f/, $line, -1;
    my $ok = GetOptionsFromArray(\\@words, map { $_ => sub { push @given, "$_[0]=$_[1]" } } @specs);
    print $ok ? join("\\x1f", @given) : 'refused', "\\n";
  }`;

/** The specifications in the installed program's own source, such as "port=s". */
function perlSpecs(): string[] {
  const source = perls === null ? "" : readFileSync(perls[0] as string, "latin1");
  return (/qw\(port=s(.*?)\)/s.exec(source)?.[0] ?? "").slice(3, -1).split(/\s+/);
}

function askPerl(vectors: readonly (readonly string[])[]): string[] {
  const input = vectors.map((words) => `${words.join("\x1f")}\n`).join("");
  const { stdout, exitCode } = Bun.spawnSync(["perl", "-e", oracle, perlSpecs().join(" ")], {
    stdin: Buffer.from(input),
  });
  expect(exitCode).toBe(0);
  return stdout.toString().split("\n").slice(0, -1);
}

function askOurs(words: readonly string[]): string {
  try {
    return splitArgv(words)
      .given.map(({ name, value }) => `${name}=${value}`)
      .join("\x1f");
  } catch {
    return "refused";
  }
}

function compare(vectors: readonly (readonly string[])[]): void {
  const perl = askPerl(vectors);
  expect(perl).toHaveLength(vectors.length);
  const show = (answers: readonly string[]): string[] =>
    vectors.map((words, index) => `${words.join(" ")} -> ${answers[index]}`);
  expect(show(vectors.map(askOurs))).toEqual(show(perl));
}

/** The beginnings of the name, the whole of it included. */
function prefixesOf(name: string): string[] {
  return Array.from(name, (_, index) => name.slice(0, index + 1));
}

describe.skipIf(lacks("libserver-starter-perl"))("as Perl's Getopt::Long", () => {
  const names = perlSpecs().map((spec) => spec.split("=", 1)[0] as string);
  const takesValue = (name: string): boolean =>
    perlSpecs().some((spec) => spec.startsWith(`${name}=`));

  test("0.35's names are those that the table calls Perl's", () => {
    const ours = options
      .filter((option) => option.perl === true)
      .map((option) => option.name as string);
    expect(ours.toSorted()).toEqual(names.toSorted());
    for (const option of options.filter(({ perl }) => perl === true)) {
      expect([option.name, option.type !== "flag"]).toEqual([option.name, takesValue(option.name)]);
    }
  });

  test("every prefix of every name means the same, or is refused by both", () => {
    const added = new Set<string>(
      options.filter(({ perl }) => perl !== true).map(({ name }) => name),
    );
    const vectors = [...new Set(names.flatMap(prefixesOf))]
      .filter((prefix) => !added.has(prefix))
      .flatMap((prefix) =>
        ["--", "-", "+"].flatMap((dash) =>
          [prefix, prefix.toUpperCase(), `${prefix}x`].flatMap((typed) => [
            [`${dash}${typed}=1`],
            // With a flag the second word is the program; with a value it is the value.
            [`${dash}${typed}`, "1"],
          ]),
        ),
      );
    expect(vectors.length).toBeGreaterThan(1_000);
    compare(vectors);
  });

  test("odd command lines without a program", () => {
    compare([
      ["--port", "80", "--path", "x"],
      ["--port", "--path", "x"],
      ["--pid-file", "--", "--stop"],
      ["--pid-file", ""],
      ["--log-file", "", "--stop"],
      ["--envdir", ""],
      ["--signal-on-hup", ""],
      ["--pid-file="],
      ["--interval", ""],
      ["--interval"],
      ["--port"],
      ["--interval=1_0"],
      ["--interval=_1__0_"],
      ["--interval=+7"],
      ["--interval=007"],
      ["--backlog", "-5"],
      ["--backlog=1_024", "--kill-old-delay=+3"],
      ["--path==x"],
      ["--path=a=b"],
      ["--path", "=x"],
      ["--stop=1"],
      ["--stop="],
      ["--no-stop"],
      ["---stop"],
      ["--=x"],
      ["--stop", "--", "--restart"],
      ["--port=1", "--port", "2", "-port=3", "+port", "4"],
      ["-h"],
      ["-v"],
      ["-?"],
      ["--help", "--version"],
      [`--path=${"x".repeat(5000)}`],
    ]);
  });
});

describe("options that 0.35 does not know", () => {
  const added = options.filter((option) => option.perl !== true).map((option) => option.name);

  test.each(added)("--%s answers to its whole name only", (name) => {
    expect(askOurs([`--${name}`, "1"])).toBe(`${name}=1`);
    expect(askOurs([`--${name.toUpperCase()}`, "1"])).toBe(`${name}=1`);
    for (const prefix of prefixesOf(name).slice(0, -1)) {
      // A shorter new name may be a prefix of a longer one.
      if (added.some((other) => other === prefix)) continue;
      expect(askOurs([`--${prefix}`, "1"])).not.toStartWith(`${name}=`);
    }
  });

  test("they leave 0.35's abbreviations alone", () => {
    expect(askOurs(["--r"])).toBe("restart=1");
    expect(askOurs(["--re"])).toBe("restart=1");
    expect(askOurs(["--da"])).toBe("daemonize=1");
    expect(askOurs(["--sta", "f"])).toBe("status-file=f");
    expect(askOurs(["--dem"])).toBe("refused");
    expect(askOurs(["--w"])).toBe("refused");
  });
});
