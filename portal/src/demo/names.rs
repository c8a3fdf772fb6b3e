//! Names of people: surnames by how common they are in Taiwan, given names of one and two characters, each with the
//! Hanyu Pinyin that the account name is made of.

use super::prng::Prng;

/// Surname, its pinyin, people per thousand.
const SURNAMES: &[((&str, &str), u32)] = &[
    (("陳", "chen"), 112),
    (("林", "lin"), 83),
    (("黃", "huang"), 60),
    (("張", "zhang"), 53),
    (("李", "li"), 51),
    (("王", "wang"), 41),
    (("吳", "wu"), 40),
    (("劉", "liu"), 32),
    (("蔡", "cai"), 29),
    (("楊", "yang"), 27),
    (("許", "xu"), 23),
    (("鄭", "zheng"), 19),
    (("謝", "xie"), 18),
    (("郭", "guo"), 15),
    (("洪", "hong"), 15),
    (("曾", "zeng"), 15),
    (("邱", "qiu"), 15),
    (("廖", "liao"), 14),
    (("賴", "lai"), 13),
    (("周", "zhou"), 13),
    (("徐", "xu"), 13),
    (("蘇", "su"), 13),
    (("葉", "ye"), 12),
    (("莊", "zhuang"), 10),
    (("呂", "lu"), 10),
    (("江", "jiang"), 9),
    (("何", "he"), 9),
    (("蕭", "xiao"), 9),
    (("羅", "luo"), 8),
    (("高", "gao"), 8),
    (("潘", "pan"), 7),
    (("簡", "jian"), 7),
    (("朱", "zhu"), 7),
    (("鍾", "zhong"), 7),
    (("彭", "peng"), 6),
    (("游", "you"), 6),
    (("詹", "zhan"), 6),
    (("胡", "hu"), 5),
    (("施", "shi"), 5),
    (("沈", "shen"), 5),
    (("余", "yu"), 5),
    (("盧", "lu"), 4),
    (("梁", "liang"), 4),
    (("趙", "zhao"), 4),
    (("顏", "yan"), 4),
    (("柯", "ke"), 4),
    (("翁", "weng"), 4),
    (("魏", "wei"), 3),
    (("孫", "sun"), 3),
    (("戴", "dai"), 3),
    (("范", "fan"), 3),
    (("方", "fang"), 3),
    (("宋", "song"), 3),
    (("鄧", "deng"), 3),
    (("杜", "du"), 2),
    (("涂", "tu"), 2),
    (("張簡", "zhangjian"), 2),
    (("歐陽", "ouyang"), 2),
    (("范姜", "fanjiang"), 2),
    (("司徒", "situ"), 1),
    (("諸葛", "zhuge"), 1),
    (("上官", "shangguan"), 1),
];

/// First and second characters of given names. A name takes both from one pair of lists.
type Characters = &'static [(&'static str, &'static str)];

const WOMEN: (Characters, Characters) = (
    &[
        ("雅", "ya"),
        ("淑", "shu"),
        ("怡", "yi"),
        ("佳", "jia"),
        ("美", "mei"),
        ("欣", "xin"),
        ("詩", "shi"),
        ("宜", "yi"),
        ("靜", "jing"),
        ("惠", "hui"),
        ("心", "xin"),
        ("思", "si"),
        ("曉", "xiao"),
        ("筱", "xiao"),
        ("婉", "wan"),
        ("郁", "yu"),
        ("秀", "xiu"),
        ("玉", "yu"),
        ("慧", "hui"),
        ("鈺", "yu"),
        ("芷", "zhi"),
        ("品", "pin"),
        ("沛", "pei"),
        ("羽", "yu"),
    ],
    &[
        ("婷", "ting"),
        ("芬", "fen"),
        ("君", "jun"),
        ("玲", "ling"),
        ("如", "ru"),
        ("雯", "wen"),
        ("萍", "ping"),
        ("慧", "hui"),
        ("娟", "juan"),
        ("穎", "ying"),
        ("蓉", "rong"),
        ("潔", "jie"),
        ("琪", "qi"),
        ("瑜", "yu"),
        ("華", "hua"),
        ("珍", "zhen"),
        ("妤", "yu"),
        ("涵", "han"),
        ("潁", "ying"),
        ("恩", "en"),
        ("蘭", "lan"),
        ("儀", "yi"),
        ("貞", "zhen"),
        ("筠", "yun"),
    ],
);

const MEN: (Characters, Characters) = (
    &[
        ("志", "zhi"),
        ("家", "jia"),
        ("俊", "jun"),
        ("建", "jian"),
        ("文", "wen"),
        ("宗", "zong"),
        ("冠", "guan"),
        ("承", "cheng"),
        ("柏", "bo"),
        ("宇", "yu"),
        ("信", "xin"),
        ("明", "ming"),
        ("國", "guo"),
        ("正", "zheng"),
        ("彥", "yan"),
        ("育", "yu"),
        ("哲", "zhe"),
        ("政", "zheng"),
        ("嘉", "jia"),
        ("子", "zi"),
        ("仁", "ren"),
        ("振", "zhen"),
        ("昱", "yu"),
        ("士", "shi"),
    ],
    &[
        ("明", "ming"),
        ("豪", "hao"),
        ("宏", "hong"),
        ("偉", "wei"),
        ("傑", "jie"),
        ("憲", "xian"),
        ("翰", "han"),
        ("廷", "ting"),
        ("瑋", "wei"),
        ("賢", "xian"),
        ("誠", "cheng"),
        ("雄", "xiong"),
        ("輝", "hui"),
        ("成", "cheng"),
        ("榮", "rong"),
        ("霖", "lin"),
        ("緯", "wei"),
        ("勳", "xun"),
        ("毅", "yi"),
        ("霆", "ting"),
        ("軒", "xuan"),
        ("銘", "ming"),
        ("維", "wei"),
        ("祥", "xiang"),
    ],
);

/// Given names of one character, in a hundred names.
const SINGLE_PERCENT: usize = 4;

/// A name and the account name that it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `林雅婷`; a given name of one character is set apart as in print: `王　明`.
    pub display: String,
    /// `lin.yating`.
    pub account: String,
}

/// Makes up a name.
pub fn name(prng: &mut Prng) -> Name {
    let (surname, surname_pinyin) = prng.weighted(SURNAMES);
    let (first, second) = if prng.below(2) == 0 { WOMEN } else { MEN };
    let second = prng.pick(second);
    if prng.below(100) < SINGLE_PERCENT && surname.chars().count() == 1 {
        return Name {
            display: format!("{surname}　{}", second.0),
            account: format!("{surname_pinyin}.{}", second.1),
        };
    }
    let mut first = prng.pick(first);
    if first.0 == second.0 {
        first = &("文", "wen");
    }
    Name {
        display: format!("{surname}{}{}", first.0, second.0),
        account: format!("{surname_pinyin}.{}{}", first.1, second.1),
    }
}
