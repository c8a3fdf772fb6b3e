//! Stable error codes of the protocol, each with a text for a person in both languages.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What went wrong with a request. The code is stable; the texts may be reworded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The frame is not JSON of a known shape.
    BadFrame,
    /// The frame is longer than the limit.
    FrameTooLarge,
    /// Too many requests; see `retry_after_ms`.
    RateLimited,
    /// The first request was not `hello`, or a second `hello` came.
    BadHello,
    /// More topics or watched people than the limit.
    TooManySubscriptions,
    /// The topic does not exist or is not this person's to read.
    TopicDenied,
    /// The call does not exist, has ended, or is not this person's.
    NoSuchCall,
    /// The request does not fit the state of the call (for instance, answering what another device has answered).
    WrongState,
    /// A person in the request does not exist or may not be called.
    NoSuchPerson,
    /// One cannot call only oneself.
    CallingYourself,
    /// The person is already in the call.
    AlreadyInCall,
    /// The call, or this person's number of calls, is at its limit.
    CallFull,
    /// Only the starter may end the call for all.
    NotAllowed,
    /// The media offer could not be answered.
    BadOffer,
    /// The media plane has no room at the moment.
    MediaUnavailable,
    /// What was dialled is not a telephone number.
    BadNumber,
    /// The number plan does not allow this number.
    NumberNotAllowed,
    /// This person makes too many telephone calls, or all lines are taken; see `retry_after_ms`.
    LinesBusy,
    /// No telephone system is connected.
    NoTelephony,
    /// Emergency numbers are called alone, never from a group call.
    EmergencyAlone,
    /// The server is stopping; connect again.
    Draining,
    /// Our fault; the log has the details.
    Internal,
}

/// A text in both languages of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Text {
    /// Traditional Chinese as written in Taiwan.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The `data` of a reply of type `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WireError {
    /// Stable code.
    pub code: ErrorCode,
    /// For the person in front of the screen.
    pub text: Text,
    /// Milliseconds after which trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub retry_after_ms: Option<u32>,
}

impl ErrorCode {
    /// The texts for a person: `(zh-Hant, English)`.
    pub fn texts(self) -> (&'static str, &'static str) {
        match self {
            ErrorCode::BadFrame => ("無法辨識的訊息格式。", "The message could not be understood."),
            ErrorCode::FrameTooLarge => ("訊息過長。", "The message is too long."),
            ErrorCode::RateLimited => {
                ("操作過於頻繁，請稍候再試。", "Too many requests. Please wait a moment.")
            }
            ErrorCode::BadHello => {
                ("連線程序錯誤，請重新整理頁面。", "The connection was not opened properly. Reload the page.")
            }
            ErrorCode::TooManySubscriptions => {
                ("同時關注的項目過多。", "Too many items are being watched at once.")
            }
            ErrorCode::TopicDenied => ("您沒有權限接收這項通知。", "You may not receive these notices."),
            ErrorCode::NoSuchCall => ("這通電話已經結束。", "This call has ended."),
            ErrorCode::WrongState => {
                ("這通電話目前無法這樣操作。", "That is not possible in the current state of the call.")
            }
            ErrorCode::NoSuchPerson => ("找不到這位同仁。", "This person could not be found."),
            ErrorCode::CallingYourself => ("無法撥打給自己。", "You cannot call yourself."),
            ErrorCode::AlreadyInCall => ("對方已經在這通電話中。", "This person is already in the call."),
            ErrorCode::CallFull => {
                ("通話人數或通話數已達上限。", "The limit of participants or calls is reached.")
            }
            ErrorCode::NotAllowed => (
                "只有發起人可以結束所有人的通話。",
                "Only the person who started the call may end it for all.",
            ),
            ErrorCode::BadOffer => (
                "無法建立影音連線，請重新整理頁面。",
                "The media connection could not be set up. Reload the page.",
            ),
            ErrorCode::MediaUnavailable => {
                ("影音服務忙碌中，請稍候再試。", "The media service is busy. Please try again shortly.")
            }
            ErrorCode::BadNumber => ("這不是有效的電話號碼。", "This is not a telephone number."),
            ErrorCode::NumberNotAllowed => {
                ("不開放撥打這個號碼。", "This number may not be dialled from here.")
            }
            ErrorCode::LinesBusy => {
                ("線路忙碌中，請稍候再撥。", "All lines are busy. Please try again in a moment.")
            }
            ErrorCode::NoTelephony => ("目前未連接電話系統。", "No telephone system is connected."),
            ErrorCode::EmergencyAlone => (
                "緊急電話請直接撥打，不能加入群組通話。",
                "Dial emergency numbers directly; they cannot be added to a call.",
            ),
            ErrorCode::Draining => {
                ("系統維護中，正在為您重新連線。", "The server is being maintained; reconnecting.")
            }
            ErrorCode::Internal => {
                ("系統發生錯誤，請稍候再試。", "Something went wrong on our side. Please try again.")
            }
        }
    }
}

impl From<ErrorCode> for WireError {
    fn from(code: ErrorCode) -> Self {
        let (zh, en) = code.texts();
        WireError { code, text: Text { zh: zh.into(), en: en.into() }, retry_after_ms: None }
    }
}
