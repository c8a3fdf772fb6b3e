import { defineTexts } from '../i18n/define';

export default defineTexts({
  zh: {
    'dial.title': '撥號',
    'dial.field': '電話號碼或姓名',
    'dial.hint': '分機、電話號碼，或同仁姓名',
    'dial.call': '撥打',
    'dial.call_number': '撥打 {number}',
    'dial.delete': '刪除一碼',
    'dial.matches': '符合的同仁',
    'dial.owner': '{name} 的分機',
    'dial.empty': '輸入分機或號碼後撥打',
    'dial.empty_text': '也可以輸入姓名尋找同仁。撥打同仁的分機會響桌機，用總機通話會響對方所有裝置。',
  },
  en: {
    'dial.title': 'Dial',
    'dial.field': 'Telephone number or name',
    'dial.hint': 'Extension, telephone number or name',
    'dial.call': 'Call',
    'dial.call_number': 'Call {number}',
    'dial.delete': 'Delete one digit',
    'dial.matches': 'Matching people',
    'dial.owner': 'Extension of {name}',
    'dial.empty': 'Enter an extension or a number',
    'dial.empty_text':
      'Names find colleagues, too. An extension rings the desk phone; a call in Switchboard rings all devices of the person.',
  },
});
