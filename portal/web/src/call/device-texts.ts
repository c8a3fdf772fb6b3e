import { defineTexts } from '../i18n/define';

/** Texts about microphones, cameras, screens and speakers, and what to do when they cannot be used. */
export default defineTexts({
  zh: {
    'call.device.mic': '麥克風',
    'call.device.camera': '鏡頭',
    'call.device.speaker': '喇叭',
    'call.device.default': '系統預設',
    'call.device.unnamed': '{kind} {number}',
    'call.device.level': '麥克風音量',
    'call.device.level_silent': '說句話試試看，音量條會跟著動。',
    'call.device.test_speaker': '播放測試音',
    'call.device.speaker_fixed': '這個瀏覽器不能選擇喇叭，請在系統設定中切換。',
    'call.device.title': '聲音與鏡頭',

    'call.sound.blocked': '瀏覽器尚未允許播放聲音',
    'call.sound.allow': '開啟聲音',

    'call.problem.mic.denied':
      '瀏覽器不允許使用麥克風，對方聽不到您。請按網址列的鎖頭圖示，將「麥克風」改為允許，再按一次取消靜音。',
    'call.problem.mic.missing': '找不到麥克風，對方聽不到您。請接上麥克風或耳機後再試一次。',
    'call.problem.mic.busy': '麥克風正被其他程式使用。請關閉那個程式後再試一次。',
    'call.problem.mic.unplugged': '麥克風已拔除，您已靜音。請接上後按取消靜音。',
    'call.problem.mic.failed': '無法開啟麥克風，請再試一次。',
    'call.problem.camera.denied':
      '瀏覽器不允許使用鏡頭。請按網址列的鎖頭圖示，將「攝影機」改為允許後再試一次；您仍可語音通話。',
    'call.problem.camera.missing': '找不到鏡頭，通話以語音進行。',
    'call.problem.camera.busy': '鏡頭正被其他程式使用。請關閉那個程式後再試一次。',
    'call.problem.camera.unplugged': '鏡頭已拔除，通話以語音進行。',
    'call.problem.camera.failed': '無法開啟鏡頭，請再試一次。',
    'call.problem.screen.denied': '沒有分享畫面。若系統阻擋，請在系統設定中允許瀏覽器錄製螢幕。',
    'call.problem.screen.missing': '找不到可以分享的畫面。',
    'call.problem.screen.busy': '目前無法擷取畫面，請再試一次。',
    'call.problem.screen.unplugged': '畫面分享已停止。',
    'call.problem.screen.failed': '無法分享畫面，請再試一次。',
    'call.problem.speaker.failed': '無法使用選擇的喇叭，改用系統預設。',
    'call.problem.insecure':
      '這個網址不是安全連線（https），瀏覽器不允許使用麥克風與鏡頭。請改用 https 開頭的網址。',
    'call.problem.unsupported': '這個瀏覽器不支援這項功能，請改用新版的 Chrome、Edge、Safari 或 Firefox。',
    'call.problem.join_muted': '以靜音加入',
  },
  en: {
    'call.device.mic': 'Microphone',
    'call.device.camera': 'Camera',
    'call.device.speaker': 'Speaker',
    'call.device.default': 'System default',
    'call.device.unnamed': '{kind} {number}',
    'call.device.level': 'Microphone level',
    'call.device.level_silent': 'Say something: the bar follows your voice.',
    'call.device.test_speaker': 'Play a test sound',
    'call.device.speaker_fixed': 'This browser cannot choose the speaker. Change it in the system settings.',
    'call.device.title': 'Sound and camera',

    'call.sound.blocked': 'The browser does not play sound yet',
    'call.sound.allow': 'Turn sound on',

    'call.problem.mic.denied':
      'The browser does not allow the microphone, so nobody hears you. Press the icon beside the address, allow “Microphone”, then unmute again.',
    'call.problem.mic.missing':
      'There is no microphone, so nobody hears you. Connect a microphone or headset and try again.',
    'call.problem.mic.busy': 'Another program uses the microphone. Close it and try again.',
    'call.problem.mic.unplugged': 'The microphone was unplugged and you are muted. Connect one and unmute.',
    'call.problem.mic.failed': 'The microphone could not be opened. Please try again.',
    'call.problem.camera.denied':
      'The browser does not allow the camera. Press the icon beside the address, allow “Camera” and try again. You can still talk.',
    'call.problem.camera.missing': 'There is no camera; the call goes on with voice.',
    'call.problem.camera.busy': 'Another program uses the camera. Close it and try again.',
    'call.problem.camera.unplugged': 'The camera was unplugged; the call goes on with voice.',
    'call.problem.camera.failed': 'The camera could not be opened. Please try again.',
    'call.problem.screen.denied':
      'No screen is shared. If the system blocks it, allow the browser to record the screen in the system settings.',
    'call.problem.screen.missing': 'There is no screen to share.',
    'call.problem.screen.busy': 'The screen cannot be captured at the moment. Please try again.',
    'call.problem.screen.unplugged': 'Screen sharing has stopped.',
    'call.problem.screen.failed': 'The screen could not be shared. Please try again.',
    'call.problem.speaker.failed': 'The chosen speaker cannot be used; the system default is used instead.',
    'call.problem.insecure':
      'This address is not secure (https), so the browser hides microphone and camera. Use the address that begins with https.',
    'call.problem.unsupported': 'This browser cannot do this. Use a current Chrome, Edge, Safari or Firefox.',
    'call.problem.join_muted': 'Join muted',
  },
});
