/** One key of a few: asked on stderr, so that stdout stays the result. Rejects on Ctrl-C. */
export async function askKey(message: string, keys: string): Promise<string> {
  const { createPrompt, useKeypress, useState } = await import('@inquirer/core');
  const prompt = createPrompt<string, { message: string }>((config, done) => {
    const [answer, setAnswer] = useState('');
    const [wrong, setWrong] = useState('');
    useKeypress((key, line) => {
      const typed = (line.line || key.name || '').slice(-1);
      line.clearLine(0);
      if (keys.includes(typed) && typed !== '') {
        setAnswer(typed);
        done(typed);
      } else if (key.name !== 'return' && key.name !== 'enter') {
        setWrong(typed);
      }
    });
    const hint = wrong === '' || answer !== '' ? '' : `'${wrong}' means nothing here; ? lists the keys`;
    return [`${config.message} ${answer}`, hint];
  });
  return prompt({ message }, { input: process.stdin, output: process.stderr });
}

/** Was a prompt left by Ctrl-C, or by a signal? */
export const isExit = (error: unknown): boolean =>
  error instanceof Error && ['ExitPromptError', 'AbortPromptError'].includes(error.name);
