/** Language and colours of the page, as the reader has chosen them or as the browser is set. */
import { I18nProvider } from '@cloudscape-design/components/i18n';
import englishComponents from '@cloudscape-design/components/i18n/messages/all.en';
import japaneseComponents from '@cloudscape-design/components/i18n/messages/all.ja';
import { applyMode, Mode } from '@cloudscape-design/global-styles';
import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react';
import { type Language, languages, type TextName, texts } from '../texts/texts.ts';

export type Colours = 'light' | 'dark';

type Preferences = {
  readonly language: Language;
  readonly colours: Colours;
  readonly setLanguage: (language: Language) => void;
  readonly setColours: (colours: Colours) => void;
};

const usual: Preferences = { language: 'en', colours: 'light', setLanguage: () => {}, setColours: () => {} };
const PreferencesContext = createContext(usual);

export const usePreferences = (): Preferences => use(PreferencesContext);

export type Translate = (name: TextName, values?: Readonly<Record<string, string | number>>) => string;

/** The text of a name in the page's language, with `{name}` replaced by its value. */
export function useTexts(): Translate {
  const { language } = usePreferences();
  return useMemo(
    () => (name, values) => texts[language][name].replace(/\{(\w+)\}/g, (whole, key: string) => String(values?.[key] ?? whole)),
    [language],
  );
}

export function PreferencesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [language, setLanguage] = useState(chosenLanguage);
  const [colours, setColours] = useState(chosenColours);
  useEffect(() => {
    document.documentElement.lang = language;
    localStorage.setItem('borealis.language', language);
  }, [language]);
  useEffect(() => {
    applyMode(colours === 'dark' ? Mode.Dark : Mode.Light);
    localStorage.setItem('borealis.colours', colours);
  }, [colours]);
  const preferences = useMemo(() => ({ language, colours, setLanguage, setColours }), [language, colours]);
  return (
    <PreferencesContext value={preferences}>
      <I18nProvider locale={language} messages={[language === 'ja' ? japaneseComponents : englishComponents]}>
        {children}
      </I18nProvider>
    </PreferencesContext>
  );
}

function chosenLanguage(): Language {
  const wanted = [localStorage.getItem('borealis.language') ?? '', ...navigator.languages.map((name) => name.slice(0, 2))];
  return wanted.flatMap((name) => languages.filter((language) => language === name))[0] ?? 'en';
}

function chosenColours(): Colours {
  const kept = localStorage.getItem('borealis.colours');
  if (kept === 'light' || kept === 'dark') return kept;
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}
