//! One spelling for what people type in many: the folded form that names, posts, units and queries are compared in.

use unicode_normalization::UnicodeNormalization;

use super::variants::canonical;

/// Folds a text and drops the blanks inside it, so `王　明`, `王明` and `王 明` are one name.
///
/// Compatibility forms (full-width digits and letters, compatibility ideographs) by NFKC, then case, then variant
/// characters (`台`, `黄`), which NFKC leaves alone. Variation selectors, zero-width characters and the dots inside
/// transcribed names vanish. Works on code points, so characters outside the Basic Multilingual Plane are one each.
pub fn fold(text: &str) -> String {
    folded(text).filter(|c| !c.is_whitespace()).collect()
}

/// The folded words of a query, separated by blanks of any width.
pub fn fold_words(text: &str) -> Vec<String> {
    let folded: String = folded(text).collect();
    folded.split_whitespace().map(str::to_owned).collect()
}

fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfkc().filter(|c| !ignorable(*c)).flat_map(char::to_lowercase).map(canonical)
}

/// Characters that carry no meaning when two names are compared.
fn ignorable(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' // zero width
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' // variation selectors
        | '·' | '‧' | '・' | '•'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_fold_alike() {
        for (left, right) in [
            ("臺北市", "台北市"),
            ("黃雅婷", "黄雅婷"),
            ("王　明", "王明"),
            ("１２３４", "1234"),
            ("ＡＢＣ", "abc"),
            ("溫峰羣", "温峯群"),
            ("Yohani‧Isqaqavut", "yohani isqaqavut"),
            ("葛\u{e0100}先生", "葛先生"),
            ("\u{f9dc}", "隆"),
        ] {
            assert_eq!(fold(left), fold(right), "{left} / {right}");
        }
    }

    #[test]
    fn different_names_stay_different() {
        for (left, right) in [("于", "余"), ("游", "遊"), ("涂", "塗"), ("范", "範"), ("鍾", "鐘")]
        {
            assert_ne!(fold(left), fold(right), "{left} / {right}");
        }
    }

    #[test]
    fn astral_characters_are_one_code_point() {
        assert_eq!(fold("𠮷野家").chars().count(), 3);
    }

    #[test]
    fn words_split_at_blanks_of_any_width() {
        assert_eq!(fold_words(" 陳　主任\t１２ "), ["陳", "主任", "12"]);
        assert!(fold_words("\u{200b} 　").is_empty());
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["臺灣黃　志明", "ＡＢｃ‧Ｄ", "İstanbul", "ﬁ"] {
            assert_eq!(fold(&fold(text)), fold(text), "{text}");
        }
    }
}
