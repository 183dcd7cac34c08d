import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";

interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onSearch: (text: string) => void;
}

/** Milliseconds without typing, after which the search begins. */
const pause = 250;

/** A field that searches shortly after the person stops typing. */
export function SearchField({ label, value, onSearch }: SearchFieldProps) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // A search that still waits must not lead back to a page that the person has left.
  useEffect(() => () => clearTimeout(timer.current), []);
  const search = (entered: string) => {
    setText(entered);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch(entered.trim()), pause);
  };
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} aria-hidden />}
      value={text}
      onChange={({ currentTarget }) => search(currentTarget.value)}
      maw={420}
      mb="md"
    />
  );
}
