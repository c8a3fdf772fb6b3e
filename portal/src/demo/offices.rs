//! The organisation of the demo city: what its units are called and who works in them.

/// A unit and those below it.
pub struct Office {
    /// Name.
    pub name: &'static str,
    /// Which posts it has.
    pub kind: Kind,
    /// Units below it.
    pub below: &'static [Office],
}

/// What kind of unit it is; decides the posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The city itself.
    City,
    /// A bureau (局).
    Bureau,
    /// A department (處).
    Department,
    /// A centre (中心), led by a 主任.
    Centre,
    /// A section (科).
    Section,
    /// A team (組, 股) inside a centre or section.
    Team,
}

/// Posts of the ordinary staff with their weights; engineers where there are computers or roads.
pub const CLERKS: &[(&str, u32)] =
    &[("科員", 10), ("專員", 4), ("辦事員", 5), ("助理員", 3), ("書記", 2), ("視察", 1), ("約僱人員", 3)];

/// Posts in technical units.
pub const ENGINEERS: &[(&str, u32)] = &[
    ("分析師", 4),
    ("設計師", 5),
    ("高級分析師", 2),
    ("管理師", 4),
    ("助理設計師", 3),
    ("技正", 1),
    ("技士", 2),
];

impl Kind {
    /// Posts that the unit has once, the head first.
    pub fn heads(self) -> &'static [&'static str] {
        match self {
            Kind::City => &["市長", "副市長", "秘書長"],
            Kind::Bureau => &["局長", "副局長", "主任秘書"],
            Kind::Department => &["處長", "副處長"],
            Kind::Centre => &["主任"],
            Kind::Section => &["科長"],
            Kind::Team => &["組長"],
        }
    }
}

const fn office(kind: Kind, name: &'static str, below: &'static [Office]) -> Office {
    Office { name, kind, below }
}

const fn section(name: &'static str) -> Office {
    office(Kind::Section, name, &[])
}

const fn team(name: &'static str) -> Office {
    office(Kind::Team, name, &[])
}

/// The first forty units, in four levels. Exactly one 主任 works in or below 系統研發中心: its head.
pub const CITY: Office = office(
    Kind::City,
    "明河市政府",
    &[
        office(
            Kind::Bureau,
            "資訊局",
            &[
                office(
                    Kind::Centre,
                    "系統研發中心",
                    &[team("應用系統組"), team("資料治理組"), team("使用者體驗組")],
                ),
                office(Kind::Centre, "網路通訊中心", &[team("骨幹網路組"), team("總機通訊組")]),
                section("綜合企劃科"),
                section("資訊安全科"),
                section("智慧城市科"),
            ],
        ),
        office(
            Kind::Department,
            "人事處",
            &[section("任免遷調科"), section("考核訓練科"), section("給與科")],
        ),
        office(
            Kind::Department,
            "主計處",
            &[section("歲計科"), section("會計決算科"), section("公務統計科")],
        ),
        office(
            Kind::Bureau,
            "民政局",
            &[section("自治行政科"), section("戶籍科"), section("宗教禮俗科"), section("區里科")],
        ),
        office(
            Kind::Bureau,
            "社會局",
            &[
                section("社會救助科"),
                section("老人福利科"),
                section("身心障礙福利科"),
                office(Kind::Centre, "家庭服務中心", &[team("東區服務組"), team("西區服務組")]),
            ],
        ),
        office(
            Kind::Bureau,
            "工務局",
            &[section("道路養護科"), section("公園綠地科"), section("施工管理科")],
        ),
        office(
            Kind::Bureau,
            "衛生局",
            &[section("疾病管制科"), section("食品藥物管理科"), section("長期照護科")],
        ),
    ],
);

/// Further bureaus that a bigger city has; [`MORE_SECTIONS`] are below each.
pub const MORE_BUREAUS: &[&str] = &[
    "財政局",
    "教育局",
    "產業發展局",
    "交通局",
    "警察局",
    "消防局",
    "環境保護局",
    "都市發展局",
    "文化局",
    "勞動局",
    "地政局",
    "觀光傳播局",
    "體育局",
    "捷運工程局",
    "法務局",
    "東山區公所",
    "西河區公所",
    "南苑區公所",
    "北埔區公所",
    "中城區公所",
    "松嶺區公所",
    "竹園區公所",
    "青潭區公所",
    "石橋區公所",
    "雙溪口區公所",
];

/// Sections of each further bureau.
pub const MORE_SECTIONS: &[&str] =
    &["第一科", "第二科", "第三科", "第四科", "秘書室", "會計室", "人事室", "政風室", "資訊室", "企劃科"];

/// Teams below each section of a further bureau.
pub const MORE_TEAMS: &[&str] = &["第一組", "第二組", "第三組", "第四組"];

/// Whether a unit's ordinary staff are engineers.
pub fn technical(name: &str) -> bool {
    ["資訊", "系統", "網路", "資料", "使用者", "總機", "智慧", "工務", "道路", "捷運"]
        .iter()
        .any(|word| name.contains(word))
}
